import { type Agent, request as httpRequest } from 'node:http';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  bytes: Buffer;
  text: string;
  /** JSON when it said so, otherwise the text; tests compare it with what they expect. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any;
}

export interface SendOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  agent?: Agent;
}

/** Node's own client: unlike fetch it sends any Host, Origin and path as they are. */
export function send(base: string, path: string, options: SendOptions = {}): Promise<Answer> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body, agent } = options;
    httpRequest({ hostname, port, path, method, headers, agent })
      .once('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          const bytes = Buffer.concat(chunks);
          const text = bytes.toString('utf8');
          const isJson = response.headers['content-type']?.includes('json') ?? false;
          const parsed: unknown = isJson && text ? JSON.parse(text) : text;
          resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes, text, body: parsed });
        });
      })
      .once('error', reject)
      .end(body);
  });
}

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedReport {
  method: string;
  path: string;
  authorization: string;
  contentType: string;
  bytes: Buffer;
}

/** Stands in for the endpoint of installation reports on a free loopback port; keeps what it got. */
export class EventServer {
  readonly reports: ReceivedReport[] = [];
  /** What it answers with. */
  status = 204;
  private readonly server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.reports.push({
        method: request.method ?? '',
        path: request.url ?? '',
        authorization: request.headers.authorization ?? '',
        contentType: request.headers['content-type'] ?? '',
        bytes: Buffer.concat(chunks),
      });
      response.writeHead(this.status).end();
    });
  });

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/install/events`;
  }

  /** The reports' JSON, in the order in which they came. */
  bodies(): Record<string, string>[] {
    return this.reports.map(({ bytes }) => JSON.parse(bytes.toString('utf8')) as Record<string, string>);
  }

  phases(): (string | undefined)[] {
    return this.bodies().map(({ phase }) => phase);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

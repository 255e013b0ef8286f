import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

export const BODY = Buffer.from('what was asked for\n'.repeat(1000));

const head = (length: number | null): string =>
  `HTTP/1.1 200 OK\r\nConnection: close\r\n${length === null ? '' : `Content-Length: ${length}\r\n`}\r\n`;

/** One byte after another, for ever. */
function drip(socket: Socket): void {
  const timer = setInterval(() => socket.write('x'), 100);
  socket.once('close', () => clearInterval(timer));
}

/** As fast as the other side takes it, for ever. */
function pour(socket: Socket): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(BODY));
  };
  socket.on('drain', more);
  more();
}

/** What a server of each name does once it was asked. */
const ANSWERS = {
  good: (socket: Socket) => socket.end(Buffer.concat([Buffer.from(head(BODY.length)), BODY])),
  'good without a length': (socket: Socket) => socket.end(Buffer.concat([Buffer.from(head(null)), BODY])),
  silent: () => undefined,
  'dripping in its head': (socket: Socket) => {
    socket.write('HTTP/1.1 200 OK\r\nX: ');
    drip(socket);
  },
  'silent in its body': (socket: Socket) => socket.write(`${head(BODY.length)}begun`),
  dripping: (socket: Socket) => {
    socket.write(head(BODY.length));
    drip(socket);
  },
  'dripping without a length': (socket: Socket) => {
    socket.write(head(null));
    drip(socket);
  },
  endless: (socket: Socket) => {
    socket.write(head(null));
    pour(socket);
  },
  'endless by its length': (socket: Socket) => {
    socket.write(head(1e12));
    pour(socket);
  },
  short: (socket: Socket) => socket.end(`${head(null)}begun`),
  cut: (socket: Socket) => socket.write(`${head(BODY.length)}begun`, () => socket.resetAndDestroy()),
  refusing: (socket: Socket) => socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'),
} satisfies Record<string, (socket: Socket) => unknown>;

export type Answer = keyof typeof ANSWERS;
/** Those of which nobody gets what was asked for. */
export const HOSTILE = (Object.keys(ANSWERS) as Answer[]).filter((name) => !name.startsWith('good'));

/** Servers on a free loopback port that stall, drip, or do not end. */
export class HostileServer {
  /** Heads of all requests. */
  readonly requests: string[] = [];
  private readonly sockets = new Set<Socket>();
  private url = '';
  private readonly server: Server = createServer((socket) => {
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket)).on('error', () => undefined);
    let asked = '';
    const take = (chunk: Buffer): void => {
      asked += chunk.toString('latin1');
      if (!asked.includes('\r\n\r\n')) return;
      socket.off('data', take).resume();
      this.requests.push(asked);
      const [, path = ''] = asked.split(' ');
      ANSWERS[decodeURIComponent(path.slice(1)) as Answer](socket);
    };
    socket.on('data', take);
  });

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  urlOf = (answer: Answer): string => `${this.url}/${encodeURIComponent(answer)}`;
  /** Connections that are open. */
  open = (): number => this.sockets.size;

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

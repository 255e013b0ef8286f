import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type DatabaseFaults, type FaultKind, StatementCounter } from './fault.js';

/** A statement that the server itself refuses, so that its transaction is as after any refusal. */
const REFUSED = `do $$ begin raise exception 'a fault of the test' using errcode = '53200'; end $$`;

/** A proxy in front of a PostgreSQL server that refuses or cuts off the N-th statement. */
export async function postgresFaults(url: string): Promise<DatabaseFaults> {
  const { hostname, port } = new URL(url);
  const counter = new StatementCounter();
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const server = connect(Number(port), hostname);
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    new Relay(client, server, counter).start();
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const proxied = new URL(url);
  proxied.port = String((proxy.address() as AddressInfo).port);
  return {
    url: proxied.href,
    kinds: ['error', 'cut before', 'cut after'],
    arm: (fault) => counter.arm(fault),
    hasFailed: () => counter.hasFailed,
    disarm: () => counter.disarm(),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}

/**
 * One connection, message by message ("Message Formats" of PostgreSQL's manual): a byte of its type, but for
 * the client's first one, and its length in bytes, those four included.
 */
class Relay {
  private fromClient = Buffer.alloc(0);
  private fromServer = Buffer.alloc(0);
  private begun = false;
  private cutAtEnd = false;

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
    private readonly counter: StatementCounter,
  ) {}

  start(): void {
    this.client.on('data', (chunk: Buffer) => this.ask(chunk));
    this.server.on('data', (chunk: Buffer) => this.answer(chunk));
  }

  private ask(chunk: Buffer): void {
    this.fromClient = Buffer.concat([this.fromClient, chunk]);
    for (;;) {
      const head = this.begun ? 1 : 0;
      if (this.fromClient.length < head + 4) return;
      const length = head + this.fromClient.readUInt32BE(head);
      if (this.fromClient.length < length) return;
      const message = this.fromClient.subarray(0, length);
      this.fromClient = this.fromClient.subarray(length);
      this.pass(message);
      this.begun = true;
    }
  }

  private pass(message: Buffer): void {
    const kind = this.begun ? this.faultOf(message) : null;
    if (kind === 'cut before') return void this.client.destroy();
    if (kind === 'cut after') this.cutAtEnd = true;
    this.server.write(kind === 'error' ? simpleQuery(REFUSED) : message);
  }

  /** Statements of the simple and of the extended protocol. */
  private faultOf(message: Buffer): FaultKind | null {
    const type = String.fromCharCode(message[0] ?? 0);
    if (type !== 'Q' && type !== 'P') return null;
    const text = message.subarray(5).toString('utf8').split('\0');
    return this.counter.next((type === 'Q' ? text[0] : text[1]) ?? '');
  }

  private answer(chunk: Buffer): void {
    if (!this.cutAtEnd) return void this.client.write(chunk);
    this.fromServer = Buffer.concat([this.fromServer, chunk]);
    while (this.fromServer.length >= 5) {
      const length = 1 + this.fromServer.readUInt32BE(1);
      if (this.fromServer.length < length) return;
      // ReadyForQuery: it was carried out.
      if (this.fromServer[0] === 'Z'.charCodeAt(0)) return void this.client.destroy();
      this.fromServer = this.fromServer.subarray(length);
    }
  }
}

function simpleQuery(sql: string): Buffer {
  const text = Buffer.from(`${sql}\0`);
  const head = Buffer.alloc(5);
  head.write('Q');
  head.writeUInt32BE(4 + text.length, 1);
  return Buffer.concat([head, text]);
}

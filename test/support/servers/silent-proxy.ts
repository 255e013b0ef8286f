import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A TCP proxy that can fall silent: connections stay open, new ones are taken, and nothing is passed on any
 * more, as behind a firewall that has forgotten them. What came meanwhile is passed on when it goes on.
 */
export class SilentProxy {
  private readonly pairs = new Set<[Socket, Socket]>();
  private silent = false;
  private server: Server | null = null;

  /** @param target host and port of the real server */
  constructor(private readonly target: { host: string; port: number }) {}

  /** Opens it in front of the server of a URL. @returns the URL that leads through it */
  static async before(url: string): Promise<{ proxy: SilentProxy; url: string }> {
    const real = new URL(url);
    const proxy = new SilentProxy({ host: real.hostname, port: Number(real.port) });
    real.port = String(await proxy.open());
    return { proxy, url: real.href };
  }

  /** @returns its port */
  async open(): Promise<number> {
    const server = createServer((client) => this.serve(client));
    this.server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as { port: number }).port;
  }

  get connections(): number {
    return this.pairs.size;
  }

  fallSilent(): void {
    this.silent = true;
    for (const pair of this.pairs) for (const socket of pair) socket.pause();
  }

  goOn(): void {
    this.silent = false;
    for (const pair of this.pairs) for (const socket of pair) socket.resume();
  }

  /** The connections break off, silent or not. */
  cut(): void {
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => (this.server ? this.server.close(() => resolve()) : resolve()));
  }

  private serve(client: Socket): void {
    const upstream = connect(this.target);
    const pair: [Socket, Socket] = [client, upstream];
    this.pairs.add(pair);
    for (const [from, to] of [pair, [upstream, client] as const]) {
      from.on('error', () => undefined);
      from.on('data', (bytes: Buffer) => void to.write(bytes));
      from.once('close', () => {
        to.destroy();
        this.pairs.delete(pair);
      });
      if (this.silent) from.pause();
    }
  }
}

import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { hasWaitingClient, openSocket } from './connection.js';
import type { SocketFolder } from './socket-folder.js';

/** One machine's end of the channel on this host. */
export interface Endpoint {
  /**
   * The next connection to the machine's QEMU.
   * @param waiting called when nothing but waiting is left to do
   * @throws Error with `code` ENOENT, ECONNREFUSED or EADDRINUSE (somebody else listens there);
   * EndpointClosed after `close`
   */
  open(waiting: () => void): Promise<Socket>;
  /** True when another program holds the socket that we are connected to. */
  hasRival(): Promise<boolean>;
  close(): Promise<void>;
}

export class EndpointClosed extends Error {}

/** QEMU listens (`server=on`), we connect. */
export class ConnectingEndpoint implements Endpoint {
  constructor(
    private readonly folder: SocketFolder,
    private readonly machineId: string,
  ) {}

  open(): Promise<Socket> {
    return openSocket(this.folder.address(this.machineId));
  }

  hasRival(): Promise<boolean> {
    return hasWaitingClient(this.folder.fileOf(this.machineId));
  }

  async close(): Promise<void> {
    // Nothing is kept between connections.
  }
}

/**
 * We listen, QEMU connects (`server=off,reconnect=1`). One client at a time: whoever comes second is turned
 * away.
 */
export class ListeningEndpoint implements Endpoint {
  private server: Server | null = null;
  /** Handed out, or waiting to be. */
  private client: Socket | null = null;
  private isNew = false;
  private closed = false;
  private waiter: { resolve: (socket: Socket) => void; reject: (error: Error) => void } | null = null;

  constructor(
    private readonly folder: SocketFolder,
    private readonly machineId: string,
    /** Somebody came while QEMU is connected. */
    private readonly turnedAway: () => void,
  ) {}

  async open(waiting: () => void): Promise<Socket> {
    if (!this.server) {
      const server = await this.listen();
      // A stop that came meanwhile has found no server to close.
      if (this.closed) {
        server.close();
        throw new EndpointClosed();
      }
      this.server = server;
      waiting();
    }
    return new Promise((resolve, reject) => {
      this.waiter = { resolve, reject };
      this.handOut();
    });
  }

  hasRival(): Promise<boolean> {
    return Promise.resolve(false);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.waiter?.reject(new EndpointClosed());
    this.client?.destroy();
    const { server } = this;
    this.server = null;
    if (server) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  private async listen(): Promise<Server> {
    await this.removeStale();
    const server = createServer((socket) => this.accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.folder.address(this.machineId), resolve);
    });
    // QEMU runs as a user of its own; the folder's mode says who may come here at all.
    chmodSync(this.folder.fileOf(this.machineId), 0o660);
    return server;
  }

  /**
   * A socket that a process before us has left: nobody answers there.
   * @throws Error EADDRINUSE when somebody does
   */
  private async removeStale(): Promise<void> {
    try {
      (await openSocket(this.folder.address(this.machineId))).destroy();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ECONNREFUSED') rmSync(this.folder.fileOf(this.machineId), { force: true });
      return;
    }
    throw Object.assign(new Error('another process listens there'), { code: 'EADDRINUSE' });
  }

  private accept(socket: Socket): void {
    // Without a listener an error would end the process; it surfaces where the socket is read.
    socket.on('error', () => undefined);
    if (this.client && !this.client.destroyed) {
      socket.destroy();
      return this.turnedAway();
    }
    this.client = socket;
    this.isNew = true;
    this.handOut();
  }

  private handOut(): void {
    const { waiter, client } = this;
    if (!waiter || !client || !this.isNew || client.destroyed) return;
    this.isNew = false;
    this.waiter = null;
    waiter.resolve(client);
  }
}

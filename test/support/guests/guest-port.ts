import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';

/** A UNIX socket as QEMU makes one: one client at a time, others wait in the backlog. */
export class GuestPort {
  private server: Server | null = null;
  private file = '';

  constructor(private readonly serve: (client: Socket) => void) {}

  get isOpen(): boolean {
    return this.server !== null;
  }

  async open(file: string): Promise<void> {
    const server = createServer(this.serve);
    server.maxConnections = 1;
    this.server = server;
    this.file = file;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(file, resolve);
    });
  }

  /** The file goes too, as at QEMU's orderly end. Its client has to be gone before. */
  async close(): Promise<void> {
    const { server } = this;
    this.server = null;
    if (!server) return;
    await new Promise<void>((resolve) => server.close(() => resolve()));
    rmSync(this.file, { force: true });
  }
}

/** What an agent names each beginning of its hello by. */
export const newHelloToken = (): string => randomUUID().replaceAll('-', '');

/** Our agent's greeting. */
export function ourHello(agent: {
  vmId: string;
  session: string;
  /** Absent: as an agent of before, which names no hello. */
  helloToken?: string | undefined;
  bootId: string;
  spoolId: string;
  runs: object[];
}): object {
  return {
    type: 'handshake',
    timestamp: new Date().toISOString(),
    vm_id: agent.vmId,
    version: '9.9.9',
    platform: 'linux',
    capabilities: ['scripts'],
    protocol: 2,
    session: agent.session,
    ...(agent.helloToken === undefined ? {} : { hello: agent.helloToken }),
    boot_id: agent.bootId,
    spool_id: agent.spoolId,
    runs: agent.runs,
  };
}

import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, type Running, start } from '../processes/processes.js';
import { waitFor } from '../wait.js';

export interface RedisServer {
  readonly url: string;
  /** Stops the server and starts it again on the same port. */
  restart(): Promise<void>;
  down(): Promise<void>;
  up(): Promise<void>;
  /** It stands still (SIGSTOP): connections stay, and new ones are taken by the kernel. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

/** A redis-server of our own on a free loopback port. */
export async function startRedis(): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'infinibay-redis-'));
  const port = await freePort();
  let server: Running;
  const up = async (): Promise<void> => {
    server = start('redis-server', [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      folder,
    ]);
    await waitFor(() => ping(port), { what: 'Redis to answer', deadlineMs: 30_000 });
  };
  const down = async (): Promise<void> => {
    await server.stop('SIGKILL');
  };
  await up();
  return {
    url: `redis://127.0.0.1:${port}`,
    up,
    down,
    freeze: () => void server.child.kill('SIGSTOP'),
    thaw: () => void server.child.kill('SIGCONT'),
    restart: async () => {
      await down();
      await up();
    },
    stop: async () => {
      await down();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function ping(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString().startsWith('+PONG'));
    });
    socket.once('error', () => resolve(false));
  });
}

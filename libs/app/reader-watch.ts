import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';

type Socket = NonNullable<ServerResponse['socket']>;

/** A reader that takes nothing is looked at this often before it is dropped. */
export const LOOKS = 4;
/** The kernel's tables of connections: proc_pid_net(5), "tx_queue" is what the other side has not acked. */
const TABLES = ['/proc/self/net/tcp', '/proc/self/net/tcp6'];
const TABLE_ROW = /^ *\d+: [\dA-F]+:([\dA-F]{4}) [\dA-F]+:([\dA-F]{4}) [\dA-F]{2} ([\dA-F]{8}):/;

/**
 * Drops the reader of `response` once it has taken nothing for `idleMs`, and up to a quarter more.
 *
 * That a write of ours has ended does not tell: the kernel says so only when a third of its buffer is free
 * again (Linux, sk_stream_is_writeable), which a slow reader of four megabytes needs minutes for. So the
 * kernel is asked what the reader has acked. The looks are counted, not the time between them: a process that
 * was busy or stopped does not take its own silence for the reader's.
 */
export function dropWhenIdle(response: ServerResponse, idleMs: number): void {
  const { socket } = response;
  if (!socket) return;
  let seen = '';
  let alike = 0;
  const look = async (): Promise<void> => {
    const { outstanding, mark } = await progressOf(socket);
    // The limit for what comes next on the connection is no longer ours.
    if (response.destroyed || response.writableFinished) return;
    // Nothing is on its way to the reader: the one that is slow is our disk.
    alike = outstanding && mark === seen ? alike + 1 : 0;
    seen = mark;
    if (alike >= LOOKS) response.destroy();
    else socket.setTimeout(idleMs / LOOKS);
  };
  // Node calls after this time without a write that ended, and takes the limit back for the next request.
  response.setTimeout(idleMs / LOOKS, () => {
    // A reader that cannot be looked at is not waited for.
    look().catch(() => response.destroy());
  });
}

/** How far a connection's reader is; without the kernel's word, how far our writes are. */
export async function progressOf(socket: Socket): Promise<{ outstanding: boolean; mark: string }> {
  const ports = [socket.localPort, socket.remotePort];
  const tables = await Promise.all(TABLES.map((table) => readFile(table, 'latin1').catch(() => '')));
  const queues = tables
    .flatMap((table) => table.split('\n'))
    .flatMap((line) => {
      const [, local = '', remote = '', queue = ''] = TABLE_ROW.exec(line) ?? [];
      return Number.parseInt(local, 16) === ports[0] && Number.parseInt(remote, 16) === ports[1]
        ? [queue]
        : [];
    });
  const outstanding = queues.length === 0 || queues.some((queue) => Number.parseInt(queue, 16) > 0);
  return { outstanding, mark: `${socket.bytesWritten} ${queues.join()}` };
}

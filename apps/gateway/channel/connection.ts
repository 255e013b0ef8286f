import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { type DecodedLine, type LineDecoder } from '#protocol';

export type ConnectFailure = 'missing' | 'refused' | 'closed';

/** Opens the machine's socket. That it opens proves nothing: QEMU takes a second client and lets it wait. */
export function openSocket(address: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: address });
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      // Errors surface where the socket is read; without a listener they would end the process.
      socket.on('error', () => undefined);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

/** `kill -9` of QEMU leaves the file (refused); without a QEMU there is none (missing). */
export function connectFailure(error: unknown): ConnectFailure {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing';
  return code === 'ECONNREFUSED' ? 'refused' : 'closed';
}

/**
 * True when a client of this socket waits to be accepted: QEMU serves another one. The kernel lists the server's end of such a connection without an inode
 * (/proc/net/unix, unix(7)).
 */
export async function hasWaitingClient(socketFile: string): Promise<boolean> {
  const table = await readFile('/proc/net/unix', 'utf8');
  return table.split('\n').some((row) => {
    const [, , , , , , inode, ...path] = row.trim().split(/\s+/);
    return inode === '0' && path.join(' ') === socketFile;
  });
}

/**
 * Reads lines strictly in order, each handled before the next; while one is handled nothing more is read, so that a guest that floods is slowed by its
 * own socket. Ends when the connection ends.
 */
export async function readLines(
  socket: Socket,
  decoder: LineDecoder,
  handle: (line: DecodedLine) => Promise<void>,
): Promise<void> {
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      for (const line of decoder.push(chunk)) await handle(line);
      // Others' sockets get their turn between two chunks of one machine.
      await new Promise((resolve) => setImmediate(resolve));
    }
  } catch {
    // A broken connection is an end like any other.
  } finally {
    socket.destroy();
  }
}

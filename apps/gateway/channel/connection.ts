import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { type DecodedLine, type LineDecoder } from '#protocol';
import { inboxOf, inboxOfOpened, READ_BUFFER } from './inbox.js';

type ConnectFailure = 'missing' | 'refused' | 'occupied' | 'closed';

/** Opens the machine's socket. That it opens proves nothing: QEMU takes a second client and lets it wait. */
export function openSocket(address: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      path: address,
      onread: { buffer: READ_BUFFER, callback: (bytes, buffer) => inbox.put(buffer.subarray(0, bytes)) },
    });
    const inbox = inboxOfOpened(socket);
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      // Errors surface where the socket is read; without a listener they would end the process.
      socket.on('error', () => undefined);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

/**
 * `kill -9` of QEMU leaves the file (refused); without a QEMU there is none (missing); where we would listen,
 * somebody does (occupied).
 */
export function connectFailure(error: unknown): ConnectFailure {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing';
  if (code === 'EADDRINUSE') return 'occupied';
  return code === 'ECONNREFUSED' ? 'refused' : 'closed';
}

/**
 * How long one look at the kernel's table serves all channels: it has a line for each socket of the system.
 */
const TABLE_SERVES_MS = 1000;
let table: { at: number; waiting: Promise<ReadonlySet<string>> } | null = null;

/**
 * True when a client of this socket waits to be accepted: QEMU serves another one. The kernel lists the
 * server's end of such a connection without an inode (/proc/net/unix, unix(7)).
 */
export async function hasWaitingClient(socketFile: string): Promise<boolean> {
  if (!table || performance.now() - table.at > TABLE_SERVES_MS)
    table = { at: performance.now(), waiting: readWaiting() };
  return (await table.waiting).has(socketFile);
}

async function readWaiting(): Promise<ReadonlySet<string>> {
  const paths = new Set<string>();
  for (const row of (await readFile('/proc/net/unix', 'utf8')).split('\n')) {
    const [, , , , , , inode, ...path] = row.trim().split(/\s+/);
    if (inode === '0' && path.length > 0) paths.add(path.join(' '));
  }
  return paths;
}

/** Milliseconds of one machine's lines at a time, while other machines wait. */
const TURN_MS = 4;

/**
 * Reads lines strictly in order, each handled before the next; while one is handled nothing more is read, so
 * that a guest that floods is slowed by its own socket. Ends when the connection ends.
 */
export async function readLines(
  socket: Socket,
  decoder: LineDecoder,
  /** `waitedMs`: how long nothing had come before the piece that the line began in */
  handle: (line: DecodedLine, waitedMs: number) => Promise<void>,
): Promise<void> {
  const inbox = inboxOf(socket);
  // What waits for hours is a call of its own that holds nothing yet: a loop's frame would keep the last
  // lines alive for each machine.
  const readSome = async (): Promise<boolean> => {
    const askedAt = performance.now();
    const chunk = await inbox.next();
    if (chunk === null) return false;
    let waitedMs = performance.now() - askedAt;
    let turnBegan = performance.now();
    for (const line of decoder.push(chunk)) {
      await handle(line, waitedMs);
      waitedMs = 0;
      // SQLite answers without a turn of the loop: hundreds of lines of one chunk would be one turn.
      if (performance.now() - turnBegan < TURN_MS) continue;
      await nextTurn();
      turnBegan = performance.now();
    }
    await nextTurn();
    return true;
  };
  while (await readSome());
}

/** Others' sockets, timers and requests have their turn. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Leaves a socket alone for so long, or until it is closed. */
export function leaveAlone(socket: Socket, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const goOn = (): void => {
      clearTimeout(timer);
      socket.off('close', goOn);
      resolve();
    };
    const timer = setTimeout(goOn, ms);
    socket.once('close', goOn);
    if (socket.destroyed) goOn();
  });
}

import type { Socket } from 'node:net';

/**
 * Where the kernel puts what was read, for all sockets that are opened: it is taken out before the next read.
 * A buffer for each read of thousands of machines would be cut to what came and leave the rest of its 64 KiB
 * as a hole in the heap.
 */
export const READ_BUFFER = Buffer.alloc(65_536);

/**
 * Bytes of one connection, a read at a time: nothing more is read until they were taken. A promise and no
 * async iterator: thousands of machines wait here for hours, and each object that waits with them counts.
 */
class Inbox {
  private piece: Buffer | null = null;
  private ended = false;
  private paused = false;
  private waiter: ((piece: Buffer | null) => void) | null = null;

  constructor(private readonly socket: Socket) {
    const end = (): void => this.end();
    socket.on('end', end);
    socket.on('close', end);
    // An accepted socket may have waited for its reader, and its client has not.
    if (socket.destroyed || socket.readableEnded) this.ended = true;
  }

  /** A copy is kept. @returns false: stop reading */
  put(bytes: Uint8Array): boolean {
    const piece = copy(this.piece ? Buffer.concat([this.piece, bytes]) : bytes);
    this.paused = true;
    if (this.waiter) this.hand(piece);
    else this.piece = piece;
    return false;
  }

  /** What has come since; null at the end. One caller at a time. */
  next(): Promise<Buffer | null> {
    const { piece } = this;
    this.piece = null;
    if (piece !== null || this.ended) return Promise.resolve(piece);
    return new Promise((resolve) => {
      this.waiter = resolve;
      if (!this.paused) return;
      this.paused = false;
      this.socket.resume();
    });
  }

  private end(): void {
    this.ended = true;
    this.hand(null);
  }

  private hand(piece: Buffer | null): void {
    const { waiter } = this;
    this.waiter = null;
    waiter?.(piece);
  }
}

/**
 * Of its own size: one slice of the shared pool keeps 64 KiB alive for as long as a machine waits for its
 * turn.
 */
function copy(bytes: Uint8Array): Buffer {
  const piece = Buffer.allocUnsafeSlow(bytes.length);
  piece.set(bytes);
  return piece;
}

const inboxes = new WeakMap<Socket, Inbox>();

/** Of a socket that is being opened: its reads come by the `onread` of its options. */
export function inboxOfOpened(socket: Socket): Inbox {
  const inbox = new Inbox(socket);
  inboxes.set(socket, inbox);
  return inbox;
}

/** Of a socket as it is handed to its reader: one that was accepted, not opened, has its own buffers. */
export function inboxOf(socket: Socket): Inbox {
  const known = inboxes.get(socket);
  if (known) return known;
  const inbox = inboxOfOpened(socket);
  socket.on('data', (bytes: Buffer) => {
    if (!inbox.put(bytes)) socket.pause();
  });
  return inbox;
}

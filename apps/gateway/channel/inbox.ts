import type { Socket } from 'node:net';

/**
 * Where the kernel puts what was read, for all sockets: it is taken out before the next read. A buffer for each read of thousands of
 * machines would be cut to what came and leave the rest of its 64 KiB as a hole in the heap.
 */
export const READ_BUFFER = Buffer.alloc(65_536);

export const inboxes = new WeakMap<Socket, Inbox>();

/** Bytes of one connection, a read at a time: nothing more is read until they were taken. */
export class Inbox implements AsyncIterable<Buffer> {
  private piece: Buffer | null = null;
  private ended = false;
  private wake: () => void = () => undefined;

  constructor(private readonly readOn: () => void) {}

  /** @returns false: stop reading */
  put(bytes: Uint8Array): boolean {
    this.piece = Buffer.concat(this.piece ? [this.piece, bytes] : [bytes]);
    this.wake();
    return false;
  }

  end(): void {
    this.ended = true;
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (;;) {
      const { piece } = this;
      this.piece = null;
      if (piece) {
        yield piece;
        this.readOn();
      } else if (this.ended) return;
      else await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}

/** What comes on a socket; a socket that was accepted, not opened, has its own buffers. */
export function incoming(socket: Socket): AsyncIterable<Buffer> {
  return inboxes.get(socket) ?? (socket as AsyncIterable<Buffer>);
}

import { CHANNEL_LIMITS } from '#protocol';

/** What is kept of each end of a stream, in bytes. */
interface OutputLimits {
  head: number;
  tail: number;
}

/** What the host keeps of anything that a machine prints. */
export const KEPT_OUTPUT: OutputLimits = {
  head: CHANNEL_LIMITS.outputHead,
  tail: CHANNEL_LIMITS.outputTail,
};

/**
 * Keeps the head and the tail of a stream that arrives in pieces with their offsets: pieces that come twice
 * change nothing, a gap is counted as cut.
 */
export class StreamTail {
  private head = Buffer.alloc(0);
  private tail = Buffer.alloc(0);
  private seen = 0;

  constructor(private readonly limits: OutputLimits) {}

  get truncated(): boolean {
    return this.seen > this.head.length + this.tail.length;
  }

  /** @returns the part that is new, or null when all of it was known */
  push(offset: number, piece: Buffer): Buffer | null {
    const end = offset + piece.length;
    if (end <= this.seen) return null;
    const fresh = offset < this.seen ? piece.subarray(this.seen - offset) : piece;
    const start = end - fresh.length;
    let rest = fresh;
    if (start === this.head.length && this.head.length < this.limits.head) {
      const room = this.limits.head - this.head.length;
      this.head = Buffer.concat([this.head, fresh.subarray(0, room)]);
      rest = fresh.subarray(room);
    }
    // After a gap the old tail is no longer next to what follows.
    const before = start > this.seen ? Buffer.alloc(0) : this.tail;
    if (rest.length > 0) this.tail = Buffer.from(Buffer.concat([before, rest]).subarray(-this.limits.tail));
    this.seen = end;
    return fresh;
  }

  text(): string {
    const cut = this.seen - this.head.length - this.tail.length;
    if (cut <= 0) return Buffer.concat([this.head, this.tail]).toString('utf8');
    return `${this.head.toString('utf8')}\n… ${cut} bytes cut …\n${this.tail.toString('utf8')}`;
  }
}

/** A whole text from an agent that does not cut, brought to head and tail. */
export function boundText(
  text: string,
  limits: OutputLimits,
): { text: string; bytes: number; truncated: boolean } {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= limits.head + limits.tail + 128) return { text, bytes: bytes.length, truncated: false };
  const stream = new StreamTail(limits);
  stream.push(0, bytes);
  return { text: stream.text(), bytes: bytes.length, truncated: true };
}

import { CHANNEL_LIMITS } from './limits.js';

/** What came out of the byte stream: a whole line, or the report of one that was too long. */
export type DecodedLine =
  | { kind: 'line'; text: string; bytes: number }
  /** `head` and `tail` are kept so that a completion's id and exit code can still be found. */
  | { kind: 'oversized'; bytes: number; head: string; tail: string };

const KEPT_OF_OVERSIZED = 4096;
const NEWLINE = 0x0a;
const NOTHING = Buffer.alloc(0);
const FIRST_BYTES = 256;

/**
 * Cuts a byte stream into lines. A chunk is not a message: it may hold half a line, many lines, or half a
 * character. Lines longer than the limit are skipped to the next newline and reported; the stream goes on.
 * Memory is at most the limit plus one chunk.
 */
export class LineDecoder {
  /**
   * Holds the line that has not ended, in its first `length` bytes: one buffer, since a guest may write byte
   * by byte.
   */
  private held = NOTHING;
  private length = 0;
  private skipped: { bytes: number; head: Buffer; tail: Buffer } | null = null;

  /** @param holds is told how much memory the half line takes, whenever that changes */
  constructor(
    private readonly limitBytes: number = CHANNEL_LIMITS.lineFromGuest,
    private readonly holds: (bytes: number) => void = () => undefined,
  ) {}

  /** Bytes held of a line that has not ended yet. */
  get pendingBytes(): number {
    return this.length;
  }

  push(chunk: Buffer): DecodedLine[] {
    const lines: DecodedLine[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const line = this.isEmpty
        ? this.whole(chunk.subarray(start, end))
        : this.finish(chunk.subarray(start, end));
      if (line) lines.push(line);
      start = end + 1;
    }
    this.take(chunk.subarray(start));
    return lines;
  }

  /** Forgets the half line: what follows belongs to another boot or another opener. */
  reset(): void {
    this.letGo();
    this.skipped = null;
  }

  /** Goes on with the half line as with one that is too long: its memory is wanted for others. */
  skip(): void {
    if (this.skipped || this.length === 0) return;
    const all = this.held.subarray(0, this.length);
    this.skipped = {
      bytes: all.length,
      head: Buffer.from(all.subarray(0, KEPT_OF_OVERSIZED)),
      tail: Buffer.from(all.subarray(-KEPT_OF_OVERSIZED)),
    };
    this.letGo();
  }

  private take(piece: Buffer): void {
    if (piece.length === 0) return;
    if (this.skipped) {
      this.skipped.bytes += piece.length;
      this.skipped.tail = lastBytes(this.skipped.tail, piece);
      return;
    }
    this.hold(piece);
    if (this.length > this.limitBytes) this.skip();
  }

  private letGo(): void {
    if (this.held.length > 0) this.holds(0);
    this.held = NOTHING;
    this.length = 0;
  }

  /** A copy: the chunk's buffer may be reused by its owner, and a slice would keep all of it alive. */
  private hold(piece: Buffer): void {
    const needed = this.length + piece.length;
    const grows = needed > this.held.length;
    if (grows) {
      const room = Math.min(Math.max(2 * this.held.length, FIRST_BYTES), this.limitBytes);
      const grown = Buffer.allocUnsafeSlow(Math.max(room, needed));
      this.held.copy(grown, 0, 0, this.length);
      this.held = grown;
    }
    piece.copy(this.held, this.length);
    this.length = needed;
    if (grows) this.holds(this.held.length);
  }

  private get isEmpty(): boolean {
    return this.length === 0 && this.skipped === null;
  }

  /** Most lines come in one piece: no copy is made of them. */
  private whole(line: Buffer): DecodedLine | null {
    if (line.length > this.limitBytes) return this.finish(line);
    const text = line.toString('utf8').trim();
    return text === '' ? null : { kind: 'line', text, bytes: line.length };
  }

  private finish(rest: Buffer): DecodedLine | null {
    this.take(rest);
    const { skipped } = this;
    if (skipped) {
      this.reset();
      return {
        kind: 'oversized',
        bytes: skipped.bytes,
        head: skipped.head.toString('utf8'),
        tail: skipped.tail.toString('utf8'),
      };
    }
    const line = this.held.subarray(0, this.length);
    this.reset();
    return this.whole(line);
  }
}

function lastBytes(before: Buffer, piece: Buffer): Buffer {
  if (piece.length >= KEPT_OF_OVERSIZED) return Buffer.from(piece.subarray(-KEPT_OF_OVERSIZED));
  return Buffer.from(Buffer.concat([before, piece]).subarray(-KEPT_OF_OVERSIZED));
}

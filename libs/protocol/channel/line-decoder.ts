import { CHANNEL_LIMITS } from './limits.js';

/** What came out of the byte stream: a whole line, or the report of one that was too long. */
export type DecodedLine =
  | { kind: 'line'; text: string; bytes: number }
  /** `head` and `tail` are kept so that a completion's id and exit code can still be found. */
  | { kind: 'oversized'; bytes: number; head: string; tail: string };

const KEPT_OF_OVERSIZED = 4096;
const NEWLINE = 0x0a;

/**
 * Cuts a byte stream into lines. A chunk is not a message: it may hold half a line, many lines, or half a character.
 * Lines longer than the limit are skipped to the next newline and reported; the stream goes on. Memory is at most the
 * limit plus one chunk.
 */
export class LineDecoder {
  private pieces: Buffer[] = [];
  private length = 0;
  private skipped: { bytes: number; head: Buffer; tail: Buffer } | null = null;

  constructor(private readonly limitBytes: number = CHANNEL_LIMITS.lineFromGuest) {}

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
    this.pieces = [];
    this.length = 0;
    this.skipped = null;
  }

  private take(piece: Buffer): void {
    if (piece.length === 0) return;
    if (this.skipped) {
      this.skipped.bytes += piece.length;
      this.skipped.tail = lastBytes(this.skipped.tail, piece);
      return;
    }
    // A copy: the chunk's buffer may be reused by its owner, and a slice would keep all of it alive.
    this.pieces.push(Buffer.from(piece));
    this.length += piece.length;
    if (this.length > this.limitBytes) {
      const all = Buffer.concat(this.pieces);
      this.skipped = {
        bytes: all.length,
        head: Buffer.from(all.subarray(0, KEPT_OF_OVERSIZED)),
        tail: Buffer.from(all.subarray(-KEPT_OF_OVERSIZED)),
      };
      this.pieces = [];
      this.length = 0;
    }
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
    const line = Buffer.concat(this.pieces);
    this.reset();
    return this.whole(line);
  }
}

function lastBytes(before: Buffer, piece: Buffer): Buffer {
  if (piece.length >= KEPT_OF_OVERSIZED) return Buffer.from(piece.subarray(-KEPT_OF_OVERSIZED));
  return Buffer.from(Buffer.concat([before, piece]).subarray(-KEPT_OF_OVERSIZED));
}

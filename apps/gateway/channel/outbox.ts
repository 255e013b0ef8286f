import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { CHANNEL_LIMITS, type HostMessage, signEnvelope } from '#protocol';

type Unnumbered = HostMessage extends infer M
  ? M extends HostMessage
    ? Omit<M, 'session' | 'hello' | 'counter'>
    : never
  : never;

/** How an agent has to be spoken to. */
export interface Pace {
  /** With the newline. */
  lineBytes: number;
  /** From the beginning of one line to the next, in milliseconds. */
  gapMs: number;
}

/** Guests' clocks before this cannot be learned from (2020-01-01). */
const EARLIEST_PLAUSIBLE_MS = Date.UTC(2020, 0, 1);

/** What the numbers of lines to our agent stand under. */
interface Numbering {
  session: string;
  /** Null from an agent that names no hello. */
  hello: string | null;
}

/** Writes lines to one connection: numbered per hello for our agent, signed when there is a secret. */
export class Outbox {
  private under: Numbering | null = null;
  private counter = 0;
  /** Guest's clock minus ours, learned from its messages; used for signing only, never for a decision. */
  private clockOffsetMs = 0;
  private pace: Pace | null = null;
  private nextTurnAt = 0;

  constructor(
    private readonly socket: Socket,
    /** The machine's channel secret, or null when lines go out unsigned. */
    private readonly key: string | null,
  ) {}

  get bytesWritten(): number {
    return this.socket.bytesWritten;
  }

  /** Ends the connection. */
  hangUp(): void {
    this.socket.destroy();
  }

  get writable(): boolean {
    return this.socket.writable;
  }

  /** True while lines are numbered under this hello. */
  isUnder({ session, hello }: Numbering): boolean {
    return this.under?.session === session && this.under.hello === hello;
  }

  /** From now on payloads carry this session and hello, and a number from 1. */
  begin(under: Numbering): void {
    if (this.isUnder(under)) return;
    this.under = under;
    this.counter = under.hello === null ? numberForSession() : 0;
  }

  /** The public agent's Windows build needs short lines with a pause between them; null for all others. */
  setPace(pace: Pace | null): void {
    this.pace = pace;
  }

  /** True when a message may go out as one line. */
  fits(message: Unnumbered): boolean {
    return Buffer.byteLength(this.encode(message, this.counter)) <= this.limit;
  }

  private get limit(): number {
    return this.pace?.lineBytes ?? CHANNEL_LIMITS.lineToGuest;
  }

  learnClock(guestTime: string | null | undefined): void {
    const time = Date.parse(guestTime ?? '');
    if (time > EARLIEST_PLAUSIBLE_MS) this.clockOffsetMs = time - Date.now();
  }

  /**
   * Writes one line; resolves when it was handed to the kernel.
   * @throws Error when it does not fit the channel's limit or the connection is gone
   */
  async send(message: Unnumbered): Promise<void> {
    await this.turn();
    const line = this.encode(message, ++this.counter);
    const bytes = Buffer.byteLength(line);
    if (bytes > this.limit) throw new LineTooLongError(bytes, this.limit);
    await new Promise<void>((resolve, reject) => {
      this.socket.write(line, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Waits until the line before this one has had its time. */
  private async turn(): Promise<void> {
    if (!this.pace) return;
    const now = performance.now();
    const waitMs = Math.max(0, this.nextTurnAt - now);
    this.nextTurnAt = now + waitMs + this.pace.gapMs;
    if (waitMs > 0) await setTimeout(waitMs);
  }

  private number(counter: number): object {
    if (this.under === null) return {};
    const { session, hello } = this.under;
    return hello === null ? { session, counter } : { session, hello, counter };
  }

  private encode(message: Unnumbered, counter: number): string {
    const payload = JSON.stringify({ ...message, ...this.number(counter) });
    if (this.key === null) return `${payload}\n`;
    const envelope = signEnvelope(this.key, {
      ts: Date.now() + this.clockOffsetMs,
      nonce: randomUUID(),
      payload,
    });
    return `${JSON.stringify(envelope)}\n`;
  }
}

/**
 * Where to begin for an agent that names no hello and keeps its session over our restarts and over a
 * migration: above all that was said before. The wall clock is looked at once, when this process starts: set
 * back later, it changes nothing here.
 */
function numberForSession(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

export class LineTooLongError extends Error {
  constructor(bytes: number, limit: number) {
    super(`the line would have ${bytes} bytes; this machine's channel carries ${limit}`);
  }
}

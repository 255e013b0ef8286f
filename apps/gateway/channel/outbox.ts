import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { CHANNEL_LIMITS, type HostMessage, signEnvelope } from '#protocol';

type Unnumbered = HostMessage extends infer M
  ? M extends HostMessage
    ? Omit<M, 'session' | 'counter'>
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

/** Writes lines to one connection: numbered per session for our agent, signed when there is a secret. */
export class Outbox {
  private session: string | null = null;
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

  get writable(): boolean {
    return this.socket.writable;
  }

  /** From now on payloads carry this session and a rising number. */
  beginSession(session: string): void {
    if (session === this.session) return;
    this.session = session;
    // The agent keeps its session over our restarts and over a migration: what we count must go on rising
    // without a memory.
    this.counter = Date.now() * 1000;
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

  private encode(message: Unnumbered, counter: number): string {
    const numbered = this.session === null ? message : { ...message, session: this.session, counter };
    const payload = JSON.stringify(numbered);
    if (this.key === null) return `${payload}\n`;
    const envelope = signEnvelope(this.key, {
      ts: Date.now() + this.clockOffsetMs,
      nonce: randomUUID(),
      payload,
    });
    return `${JSON.stringify(envelope)}\n`;
  }
}

export class LineTooLongError extends Error {
  constructor(bytes: number, limit: number) {
    super(`the line would have ${bytes} bytes; this machine's channel carries ${limit}`);
  }
}

/** Acks of one hello after which the agent must have heard one. */
const ACKS = 3;
/** And how long it may go on saying that hello, in milliseconds. */
const PATIENCE_MS = 3000;
/**
 * The most that one wait counts: an agent repeats its hello each second, and a longer wait was a host or a
 * guest that stood still.
 */
const LONGEST_WAIT_MS = 1500;

/**
 * Whether a machine's agent hears us: one that goes on with the same hello for 3 s after its third ack was
 * written does not. Only time counts in which this side waited and nothing lay in the socket: hellos that
 * queued while the host was slow or stopped were said before their acks.
 */
export class Deafness {
  private hello: string | null = null;
  private acks = 0;
  private waitedMs = 0;
  private deaf = false;

  /** True from then on until a line comes that only an agent says that was acked, over connections. */
  get isDeaf(): boolean {
    return this.deaf;
  }

  /**
   * A hello has come, which is acked in any case.
   * @param hello names it and its repetitions
   * @param waitedMs how long nothing had come before it
   * @returns true when this one shows that the agent is deaf
   */
  hear(hello: string, waitedMs: number): boolean {
    if (hello !== this.hello) this.begin(hello);
    if (this.acks >= ACKS) this.waitedMs += Math.min(waitedMs, LONGEST_WAIT_MS);
    this.acks += 1;
    const showsIt = this.waitedMs > PATIENCE_MS;
    if (showsIt) this.deaf = true;
    return showsIt;
  }

  /** A line that only an acked agent says. @returns true when this ends a deafness */
  end(): boolean {
    const was = this.deaf;
    this.begin(null);
    this.deaf = false;
    return was;
  }

  private begin(hello: string | null): void {
    this.hello = hello;
    this.acks = 0;
    this.waitedMs = 0;
  }
}

/** What our agent says only after an ack: its answers to commands may be older than that. */
const AFTER_ACK: ReadonlySet<string> = new Set([
  'keep_alive',
  'metrics',
  'request_pending_scripts',
  'script_completion',
  'script_output',
  'script_started',
]);

export const isSaidAfterAck = (type: string): boolean => AFTER_ACK.has(type);

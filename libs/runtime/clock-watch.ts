/** Wall and monotonic clock may drift apart by this much between two looks, in milliseconds. */
const TOLERATED_MS = 60_000;

/**
 * Tells when the wall clock has jumped: it is compared with the monotonic one at each look. Where the
 * database's clock is the host's (SQLite), nothing may be ended, expired or pruned right after a jump: what
 * looks old may be a minute old.
 */
export class ClockWatch {
  private before: { wall: number; steady: number };
  private jumpMs = 0;
  private quietUntil = Number.NEGATIVE_INFINITY;

  /**
   * @param quietMs how long after a jump the wall clock decides nothing
   * @param wall milliseconds since the epoch
   * @param steady milliseconds of a clock that no one sets
   */
  constructor(
    private readonly quietMs: number,
    private readonly wall: () => number = () => Date.now(),
    private readonly steady: () => number = () => performance.now(),
  ) {
    this.before = { wall: wall(), steady: steady() };
  }

  /** @returns what to tell of a jump for as long as no time may decide anything; null when all is well */
  look(): string | null {
    const now = { wall: this.wall(), steady: this.steady() };
    const jumpMs = now.wall - this.before.wall - (now.steady - this.before.steady);
    this.before = now;
    if (Math.abs(jumpMs) > TOLERATED_MS) {
      this.jumpMs = jumpMs;
      this.quietUntil = now.steady + this.quietMs;
    }
    const leftMs = this.quietUntil - now.steady;
    if (leftMs <= 0) return null;
    const [seconds, left] = [this.jumpMs, leftMs].map((ms) => Math.round(Math.abs(ms) / 1000));
    const direction = this.jumpMs > 0 ? 'on' : 'back';
    return `the host's clock went ${direction} by ${seconds} s: for ${left} s more nothing is ended, expired or pruned by time`;
  }
}

const monotonic = (): number => performance.now();

/** Token bucket: `burst` at once, then `perSecond`. Counts what it turned away. */
export class RateLimit {
  private tokens: number;
  private last: number;
  private refused = 0;

  constructor(
    private readonly burst: number,
    private readonly perSecond: number,
    private readonly now: () => number = monotonic,
  ) {
    this.tokens = burst;
    this.last = now();
  }

  take(): boolean {
    const time = this.now();
    this.tokens = Math.min(this.burst, this.tokens + ((time - this.last) / 1000) * this.perSecond);
    this.last = time;
    if (this.tokens < 1) {
      this.refused += 1;
      return false;
    }
    this.tokens -= 1;
    return true;
  }

  /** How many were turned away since this was last asked. */
  takeRefused(): number {
    const { refused } = this;
    this.refused = 0;
    return refused;
  }
}

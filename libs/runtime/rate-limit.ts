const monotonic = (): number => performance.now();

/** So many at once, then so many a second. */
export type Rate = readonly [burst: number, perSecond: number];

/** Token bucket: `burst` at once, then `perSecond`. */
export class RateLimit {
  private tokens: number;
  private last: number;

  constructor(
    private readonly burst: number,
    private readonly perSecond: number,
    private readonly now: () => number = monotonic,
  ) {
    this.tokens = burst;
    this.last = now();
  }

  /** @returns false, and takes nothing, when there are fewer */
  take(count = 1): boolean {
    this.refill();
    if (this.tokens < count) return false;
    this.tokens -= count;
    return true;
  }

  /** Takes what has been used already, on credit if need be: `debtMs` says for how long. */
  spend(count: number): void {
    this.refill();
    this.tokens -= count;
  }

  /** Milliseconds until what was spent too much has come in again. */
  get debtMs(): number {
    this.refill();
    return this.tokens >= 0 ? 0 : (-this.tokens / this.perSecond) * 1000;
  }

  private refill(): void {
    const time = this.now();
    this.tokens = Math.min(this.burst, this.tokens + ((time - this.last) / 1000) * this.perSecond);
    this.last = time;
  }
}

/**
 * Pauses between tries: doubling from `firstMs` to `capMs`, each shortened at random by up to half, for ever.
 */
export class Backoff {
  private step = 0;

  constructor(
    private readonly firstMs: number,
    private readonly capMs: number,
    private readonly random: () => number = Math.random,
  ) {}

  next(): number {
    const full = Math.min(this.capMs, this.firstMs * 2 ** Math.min(this.step, 30));
    this.step += 1;
    return Math.round(full * (0.5 + this.random() / 2));
  }

  reset(): void {
    this.step = 0;
  }
}

import { type Rate, RateLimit } from './rate-limit.js';

/** Addresses that are remembered; the one that failed longest ago is forgotten first. */
const ADDRESSES = 10_000;

/** How often each address may fail: whoever guesses is turned away, whoever succeeds is never counted. */
export class FailureLimit {
  private readonly limits = new Map<string, RateLimit>();

  constructor(
    private readonly rate: Rate,
    private readonly now?: () => number,
  ) {}

  /** @returns seconds that the address has to wait before it may try again; 0: it may */
  waitSeconds(address: string): number {
    return Math.ceil((this.limits.get(address)?.debtMs ?? 0) / 1000);
  }

  failed(address: string): void {
    const [burst, perSecond] = this.rate;
    // One less than the burst: the debt begins with the failure that uses it up.
    const limit = this.limits.get(address) ?? new RateLimit(burst - 1, perSecond, this.now);
    this.limits.delete(address);
    this.limits.set(address, limit);
    limit.spend(1);
    const [oldest] = this.limits.keys();
    if (this.limits.size > ADDRESSES && oldest !== undefined) this.limits.delete(oldest);
  }
}

/** Looks per lease. */
const LOOKS = 3;
/** Leases without an end of any renewal. */
const LEASES = 5;

/** How often `look` is to be called, in milliseconds. */
export const lookEveryMs = (leaseSeconds: number): number => (leaseSeconds * 1000) / LOOKS;

/**
 * Sees a renewal that neither succeeds nor fails: a wait that no deadline has ended, out of which nothing but
 * a new process leads. Counts looks and no time, for a process that was paused for an hour has missed none.
 */
export class RenewalWatch {
  private looks = 0;

  /** @param hung is called once, when no renewal has ended for five leases */
  constructor(private readonly hung: () => void) {}

  /** A renewal has succeeded or failed. */
  ended(): void {
    this.looks = 0;
  }

  look(): void {
    this.looks += 1;
    if (this.looks === LOOKS * LEASES) this.hung();
  }
}

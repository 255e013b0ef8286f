import pLimit, { type LimitFunction } from 'p-limit';

/**
 * Lets so many in at a time: a host that starts brings all of its machines at once, and each of their hellos asks the database several
 * questions.
 */
export class Admission {
  private readonly limit: LimitFunction;
  private sinceWave = 0;

  /** @param waveFrom so many that came in are a wave */
  constructor(
    atOnce: number,
    private readonly waveFrom: number,
  ) {
    this.limit = pLimit(atOnce);
  }

  run<T>(admitted: () => Promise<T>): Promise<T> {
    this.sinceWave += 1;
    return this.limit(admitted);
  }

  /** @returns true once after a wave, when nobody waits any more */
  takeWave(): boolean {
    if (this.sinceWave < this.waveFrom || this.limit.pendingCount + this.limit.activeCount > 0) return false;
    this.sinceWave = 0;
    return true;
  }
}

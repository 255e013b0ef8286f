import pLimit, { type LimitFunction } from 'p-limit';

/**
 * Lets so many in at a time: a host that starts brings all of its machines at once, and each of their hellos
 * asks the database several questions.
 */
export class Admission {
  private readonly limit: LimitFunction;
  private sinceWave = 0;

  /** @param waveFrom so many connections are a wave */
  constructor(
    atOnce: number,
    private readonly waveFrom: number,
  ) {
    this.limit = pLimit(atOnce);
  }

  /**
   * Nothing may be awaited in it that a guest decides on: a few that do not read would keep all others out.
   */
  run<T>(admitted: () => Promise<T>): Promise<T> {
    return this.limit(admitted);
  }

  /** The same for a connection, which counts towards a wave: a guest cannot make connections. */
  connect<T>(admitted: () => Promise<T>): Promise<T> {
    this.sinceWave += 1;
    return this.run(admitted);
  }

  /** @returns true once after a wave, when nobody waits any more */
  takeWave(): boolean {
    if (this.sinceWave < this.waveFrom || this.limit.pendingCount + this.limit.activeCount > 0) return false;
    this.sinceWave = 0;
    return true;
  }
}

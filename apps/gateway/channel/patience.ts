import { Backoff } from '../core/backoff.js';

/** Milliseconds of the first pause, and of the longest. */
const FIRST_MS = 100;
const LONGEST_MS = 5000;

/** One machine's pauses between tries: they grow, news cuts one short, and a stop ends them all. */
export class Patience {
  private readonly backoff = new Backoff(FIRST_MS, LONGEST_MS);
  private goOn: (() => void) | null = null;
  private ended = false;

  /** True after a stop: nothing is tried any more. */
  get isOver(): boolean {
    return this.ended;
  }

  /** One pause at a time. */
  async pause(ms = this.backoff.next()): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.goOn = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.goOn = null;
  }

  /** There is news: no need to wait any longer. */
  cutShort(): void {
    this.goOn?.();
  }

  /** It worked: the next pause is a short one again. */
  reset(): void {
    this.backoff.reset();
  }

  end(): void {
    this.ended = true;
    this.cutShort();
  }

  /**
   * Tries until it succeeds, with pauses of its own.
   * @param failed is told of each try that did not
   * @throws Error of the last try after a stop
   */
  async untilDone<T>(run: () => Promise<T>, failed: (error: unknown) => void): Promise<T> {
    const backoff = new Backoff(FIRST_MS, LONGEST_MS);
    for (;;) {
      try {
        return await run();
      } catch (error) {
        if (this.ended) throw error;
        failed(error);
      }
      await this.pause(backoff.next());
    }
  }
}

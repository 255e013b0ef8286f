import type { Gauge } from 'prom-client';

/** How one loop of this process goes. */
export class LoopState {
  private succeededAt: number;
  private failure: string | null = null;

  /**
   * @param limitMs a loop that has not succeeded for so long is shown as not working
   * @param now milliseconds of a clock that no one sets
   */
  constructor(
    readonly name: string,
    private readonly limitMs: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.succeededAt = now();
  }

  succeeded(): void {
    this.succeededAt = this.now();
    this.failure = null;
  }

  failed(error: unknown): void {
    this.failure = error instanceof Error ? error.message : String(error);
  }

  /** Seconds since its last success, or since it began. */
  get age(): number {
    return (this.now() - this.succeededAt) / 1000;
  }

  /** @throws Error that says since when it has not succeeded, and why when that is known */
  check(): void {
    if (this.age * 1000 <= this.limitMs) return;
    const why = this.failure === null ? 'it waits for an answer' : this.failure;
    throw new Error(`the last success was ${Math.round(this.age)} s ago: ${why}`);
  }
}

/** Runs a loop's round again and again, never twice at once; errors are the loop's state and end nothing. */
export class Loop {
  private running = false;

  constructor(
    readonly state: LoopState,
    private readonly round: () => Promise<void>,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** A round, and nobody waits for its end. */
  ring(): void {
    this.run().catch(this.failed);
  }

  /** Does nothing while the round before is still at work. */
  async run(): Promise<void> {
    if (this.running) return;
    this.running = true;
    try {
      await this.round();
      this.state.succeeded();
    } catch (error) {
      this.state.failed(error);
      this.failed(error);
    } finally {
      this.running = false;
    }
  }
}

/** The page's row for each loop: seconds since its last success. */
export function countLoops(gauge: Gauge<'loop'>, states: Iterable<LoopState>): void {
  for (const { name, age } of states) gauge.set({ loop: name }, age);
}

/**
 * Runs one thing after another, whatever becomes of each: lines, rings and timers of one machine never cross.
 */
export class SerialQueue {
  private last: Promise<void> = Promise.resolve();
  /**
   * Kinds of work of which one waits already; made when it is first needed, for most machines are never rung.
   */
  private waiting: Set<string> | null = null;

  /** @param failed is told what a piece of work threw */
  constructor(private readonly failed: (error: unknown) => void) {}

  /** Resolves when this one has run; never rejects. */
  run(work: () => Promise<void> | undefined): Promise<void> {
    this.add(work);
    return this.last;
  }

  /** As `run`, for whoever does not wait. */
  add(work: () => Promise<void> | undefined): void {
    this.last = this.last.then(async () => {
      try {
        await work();
      } catch (error) {
        this.failed(error);
      }
    });
  }

  /**
   * As `run`, unless work of this kind waits already: a guest that reads nothing for hours must not gather
   * hours of sweeps.
   */
  runOnce(kind: string, work: () => Promise<void> | undefined): void {
    const waiting = (this.waiting ??= new Set());
    if (waiting.has(kind)) return;
    waiting.add(kind);
    this.add(() => {
      waiting.delete(kind);
      return work();
    });
  }

  /** Resolves when all that was asked for so far has run. */
  idle(): Promise<void> {
    return this.last;
  }
}

/** What setTimeout takes, somewhat less than 2^31 milliseconds. */
const LONGEST_TIMER_MS = 2_147_000_000;

/** Rings when the next row of one machine is due. */
export class DueTimer {
  private timer: NodeJS.Timeout | null = null;
  private stopped = false;

  constructor(private readonly ring: () => void) {}

  /**
   * @param dueInMs null when nothing waits. What is due already and still there waits for a free slot: the
   * run's end looks again.
   */
  set(dueInMs: number | null): void {
    this.clear();
    if (dueInMs === null || dueInMs <= 0 || this.stopped) return;
    this.timer = setTimeout(this.ring, Math.min(dueInMs + 1, LONGEST_TIMER_MS));
  }

  stop(): void {
    this.stopped = true;
    this.clear();
  }

  private clear(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }
}

import { CHANNEL_LIMITS } from '#protocol';

/** How many bytes of live output an agent may send: a window that is moved on when half of it is used. */
export class OutputCredit {
  private received = 0;
  private limit = 0;

  /** A session begins. @returns bytes that the agent may send in it for now */
  begin(): number {
    this.received = 0;
    this.limit = CHANNEL_LIMITS.outputCredit;
    return this.limit;
  }

  /** True when the agent had no credit for so many bytes more. */
  isExceededBy(bytes: number): boolean {
    return this.received + bytes > this.limit;
  }

  /**
   * Moves the window on by what was taken.
   * @returns the new limit, counted from the session's beginning, when the agent has to be told of one
   */
  take(bytes: number): number | null {
    this.received += bytes;
    if (this.limit - this.received > CHANNEL_LIMITS.outputCredit / 2) return null;
    this.limit = this.received + CHANNEL_LIMITS.outputCredit;
    return this.limit;
  }
}

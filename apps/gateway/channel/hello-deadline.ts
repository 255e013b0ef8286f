import type { Socket } from 'node:net';
import type { AgentKind } from '../session/agent-kind.js';

/**
 * Our agent says hello at once; after a migration the first connection may never hear the guest, and closing
 * it cures that.
 */
export const HELLO_DEADLINE_MS: Readonly<Record<AgentKind, number>> = {
  ours: 3000,
  public: 90_000,
  'public-windows': 90_000,
};

const READ_FIRST_MS = 50;

/**
 * Closes a connection on which no hello came for so long. A line that waits for us is not the guest's
 * silence: a gateway that begins with thousands of machines would otherwise hang up on all of them, again and
 * again.
 */
export class HelloDeadline {
  /** A line is being handled. */
  atWork = false;
  private timer: NodeJS.Timeout | null;

  constructor(
    private readonly socket: Socket,
    private readonly ms: number,
  ) {
    this.timer = setTimeout(() => this.check(), ms);
  }

  clear(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }

  private check(): void {
    // What came while this process was busy is read before the next timers.
    this.timer = setTimeout(() => {
      if (!this.atWork) return void this.socket.destroy();
      this.timer = setTimeout(() => this.check(), this.ms);
    }, READ_FIRST_MS);
  }
}

import type { Logger } from '#runtime';
import type { GuestBudget } from './guest-budget.js';

/** Lines of log that a guest brings about, within its budget: what it can write without end fills disks. */
export class GuestLog {
  constructor(
    private readonly logger: Logger,
    private readonly machineId: string,
    private readonly budget: GuestBudget,
  ) {}

  write(level: 'info' | 'warn' | 'error', fields: object, message: string): void {
    if (this.budget.allowLog()) this.logger[level]({ machineId: this.machineId, ...fields }, message);
  }
}

import { type MachineEvent, type NewMachineEvent, recordMachineEvent, trimMachineEvents } from '#db';
import { redactText } from '#runtime';
import { RateLimit } from '../core/rate-limit.js';
import type { GatewayContext } from '../host/gateway-context.js';

/** Old events go once for so many new ones: the table stays within its limit and this many more. */
const TRIM_EVERY = 100;

/** Events of a kind: so many at once, then so many a second. */
const LIMITS: Record<MachineEvent['kind'], [burst: number, perSecond: number]> = {
  agent: [50, 1],
  channel: [20, 0.2],
  security: [20, 0.2],
  install: [20, 0.2],
  metrics: [2, 0.1],
};

/** Records a machine's events; a machine that says too much is cut short, and the cut is said. */
export class MachineEvents {
  private readonly limits = new Map<MachineEvent['kind'], RateLimit>();
  /**
   * Recorded since the last time that old ones were deleted. A new process begins full: the one before it may
   * have ended just before.
   */
  private readonly sinceTrim = new Map<MachineEvent['kind'], number>();
  private readonly seen = new Set<string>();

  constructor(
    private readonly context: GatewayContext,
    private readonly machineId: string,
  ) {}

  async record(event: Omit<NewMachineEvent, 'machineId'>): Promise<void> {
    const limit = this.limitOf(event.kind);
    if (!limit.take()) return;
    const dropped = limit.takeRefused();
    const message = dropped > 0 ? `${event.message} (${dropped} more were not recorded)` : event.message;
    const work = this.context.database.work();
    await recordMachineEvent(work, { ...event, message, machineId: this.machineId });
    const recorded = (this.sinceTrim.get(event.kind) ?? TRIM_EVERY) + 1;
    this.sinceTrim.set(event.kind, recorded % TRIM_EVERY);
    if (recorded >= TRIM_EVERY) await trimMachineEvents(work, this.machineId, event.kind);
  }

  /**
   * Something that is not this machine's to say. It changes nothing and is never a reason to end the channel.
   */
  async security(code: string, message: string, executionId: string | null = null): Promise<void> {
    this.context.counters.security.inc({ code });
    this.context.logger.warn({ machineId: this.machineId, code }, redactText(message).slice(0, 300));
    await this.record({ kind: 'security', severity: 'warn', code: `security.${code}`, message, executionId });
  }

  /** Once per kind of surprise. */
  async once(code: string, message: string): Promise<void> {
    if (this.seen.has(code) || this.seen.size >= 100) return;
    this.seen.add(code);
    this.context.logger.info({ machineId: this.machineId, code }, redactText(message).slice(0, 300));
    await this.record({ kind: 'channel', severity: 'warn', code: code.slice(0, 128), message });
  }

  private limitOf(kind: MachineEvent['kind']): RateLimit {
    const known = this.limits.get(kind);
    if (known) return known;
    const limit = new RateLimit(...LIMITS[kind]);
    this.limits.set(kind, limit);
    return limit;
  }
}

import {
  EVENT_BYTES_KEPT_PER_KIND,
  type MachineEvent,
  type NewMachineEvent,
  recordMachineEvent,
  trimMachineEvents,
} from '#db';
import { redactText } from '#runtime';
import { cutData, jsonBytes } from '../core/cut-data.js';
import type { GuestBudget } from './guest-budget.js';
import type { GatewayContext } from '../host/gateway-context.js';
import type { GuestLog } from './guest-log.js';

/** Bytes that the data of one event may have. */
const DATA_BYTES = 16_384;
/** Old events go once for so many new ones, or so many bytes: the table stays within its limits and these. */
const TRIM_EVERY = { events: 100, bytes: EVENT_BYTES_KEPT_PER_KIND / 4 };
/** Kinds of surprises that are told of. */
const SURPRISES = 100;

/** Records a machine's events; one that says too much is cut short, and the cut is said. */
export class MachineEvents {
  /**
   * Recorded since the last time that old ones were deleted. A new process begins full: the one before it may
   * have ended just before.
   */
  private readonly sinceTrim = new Map<MachineEvent['kind'], { events: number; bytes: number }>();
  private readonly seen = new Set<string>();

  constructor(
    private readonly context: GatewayContext,
    private readonly machineId: string,
    private readonly budget: GuestBudget,
    private readonly log: GuestLog,
  ) {}

  /** @returns false when it was left out: the machine is over its budget */
  async record(event: Omit<NewMachineEvent, 'machineId'>): Promise<boolean> {
    if (!this.budget.allowEvent(event.kind)) return false;
    const data = cutData(event.data, DATA_BYTES);
    if (!this.budget.allowEventBytes(Buffer.byteLength(event.message) + jsonBytes(data))) return false;
    // What is left is for results and hellos.
    if (!(await this.context.database.reserve.hasRoom())) return this.budget.dropEvent();
    await this.write({ ...event, data });
    return true;
  }

  /**
   * Something that is not this machine's to say. It changes nothing and is never a reason to end the channel.
   */
  async security(code: string, message: string, executionId: string | null = null): Promise<void> {
    this.context.counters.security.inc({ code });
    this.log.write('warn', { code }, redactText(message).slice(0, 300));
    await this.record({ kind: 'security', severity: 'warn', code: `security.${code}`, message, executionId });
  }

  /** Once per kind of surprise. */
  async once(code: string, message: string): Promise<void> {
    if (this.seen.has(code) || this.seen.size >= SURPRISES) return;
    this.seen.add(code);
    this.log.write('info', { code }, redactText(message).slice(0, 300));
    await this.record({ kind: 'channel', severity: 'warn', code: code.slice(0, 128), message });
  }

  /** What the machine was over its budget with: one event and one line of log a minute, whatever it was. */
  async tellExcess(): Promise<void> {
    const excess = this.budget.takeExcess();
    if (excess === null) return;
    const { slowedLines, slowedMs, skippedLines, eventsDropped, logLinesDropped } = excess;
    const message = `over its budget: ${slowedLines} times its socket was read later (${Math.round(slowedMs)} ms in all), ${skippedLines} lines were too much to be read, ${eventsDropped} events and ${logLinesDropped} lines of log were left out; GUEST_BUDGET_FACTOR raises it`;
    const code = 'over_budget';
    this.context.counters.security.inc({ code });
    this.context.logger.warn({ machineId: this.machineId, code, ...excess }, message);
    await this.write({
      kind: 'security',
      severity: 'warn',
      code: `security.${code}`,
      message,
      data: excess,
    });
  }

  private async write(event: Omit<NewMachineEvent, 'machineId'>): Promise<void> {
    const work = this.context.database.work();
    const bytes = await recordMachineEvent(work, { ...event, machineId: this.machineId });
    const before = this.sinceTrim.get(event.kind) ?? TRIM_EVERY;
    const now = { events: before.events + 1, bytes: before.bytes + bytes };
    const isMuch = now.events >= TRIM_EVERY.events || now.bytes >= TRIM_EVERY.bytes;
    this.sinceTrim.set(event.kind, isMuch ? { events: 0, bytes: 0 } : now);
    if (isMuch) await trimMachineEvents(work, this.machineId, event.kind);
  }
}

import {
  endByVerdict,
  endOverdueCommands,
  findAbandoned,
  findOverdue,
  findUnwanted,
  forgetRunContents,
  machinesWithWork,
  recordSeen,
  reportHost,
  returnToPending,
} from '#db';
import { BusEvents } from '#protocol';
import { type ClockWatch, giveBackMemory, VERSION } from '#runtime';
import type { Channels } from './channels.js';
import type { GatewayContext } from './gateway-context.js';

/** A run may be this late with its result before it is judged without one. */
const GRACE_SECONDS = 60;

/** Repairs, every SWEEP_SECONDS, what rings and timers have missed. */
export class Sweep {
  private readonly startedAt = new Date();
  private stopped = false;

  /** @param clock compares the wall clock with the monotonic one, where the wall clock is the database's */
  constructor(
    private readonly context: GatewayContext,
    private readonly channels: Channels,
    private readonly clock: ClockWatch,
  ) {}

  /** One round; not to be called while another is at work. */
  async run(): Promise<void> {
    if (this.stopped) return;
    this.channels.scan();
    await this.channels.openOwn();
    await this.endRuns(await findUnwanted(this.context.database.work()));
    if (this.mayJudgeTime()) await this.endByTime();
    await this.reportHost();
    await this.recordSeen();
    await this.context.lease.renew();
    await this.sweepChannels();
    if (this.context.admission.takeWave()) giveBackMemory();
  }

  /** After a jump of the clock that the database reads, what looks overdue may be a minute old. */
  private mayJudgeTime(): boolean {
    const { database, health, logger } = this.context;
    const jump = database.isSqlite ? this.clock.look() : null;
    if (jump === null) {
      health.unnote('clock');
      return true;
    }
    health.note('clock', jump);
    logger.warn(jump);
    return false;
  }

  private async endByTime(): Promise<void> {
    await this.endRuns(await findOverdue(this.context.database.work(), GRACE_SECONDS));
    await this.returnAbandonedRuns();
    await this.endOverdueCommands();
    await forgetRunContents(this.context.database.work());
  }

  stop(): void {
    this.stopped = true;
  }

  private async endRuns(runs: Awaited<ReturnType<typeof findOverdue>>): Promise<void> {
    const { database, logger, bus } = this.context;
    for (const overdue of runs) {
      const { machineId, ...verdict } = overdue;
      const ended = await database.transaction((work) => endByVerdict(work, verdict));
      if (!ended) continue;
      logger.info(
        { machineId, status: ended, reason: verdict.failureReason },
        'an execution ended without news',
      );
      bus.emit(BusEvents.executionChanged, { executionId: verdict.id, machineId, status: ended });
      // The slot is free for the next row, and a series has its next run.
      this.channels.get(machineId)?.wake();
    }
  }

  private async returnAbandonedRuns(): Promise<void> {
    const { database, bus, config } = this.context;
    const abandoned = await findAbandoned(database.work(), 2 * config.LEASE_SECONDS);
    for (const { machineId, ...row } of abandoned) {
      const status = await database.transaction((work) =>
        returnToPending(work, { ...row, undelivered: true }),
      );
      if (!status) continue;
      bus.emit(BusEvents.executionChanged, { executionId: row.id, machineId, status });
      bus.emit(BusEvents.wake(null), { machineId });
    }
  }

  private async endOverdueCommands(): Promise<void> {
    const { database, bus } = this.context;
    for (const { id, machineId } of await endOverdueCommands(database.work()))
      bus.emit(BusEvents.commandChanged, { commandId: id, machineId });
  }

  private async reportHost(): Promise<void> {
    const { database, config, lease } = this.context;
    const { states } = this.channels;
    await reportHost(database.work(), {
      hostId: config.HOST_ID,
      instance: lease.owner,
      version: VERSION,
      machines: states.length,
      ready: states.filter((state) => state === 'ready').length,
      startedAt: this.startedAt,
    });
  }

  private async recordSeen(): Promise<void> {
    const { database, seen } = this.context;
    const machineIds = [...seen];
    seen.clear();
    await recordSeen(database.work(), machineIds);
  }

  private async sweepChannels(): Promise<void> {
    const { database, config, lease } = this.context;
    // Timers are set for what is due before the sweep after the next one.
    const horizonSeconds = 2 * config.SWEEP_SECONDS;
    const withWork = new Set(await machinesWithWork(database.work(), lease.owner, horizonSeconds));
    for (const channel of this.channels)
      if (!lease.holds(channel.machineId) || withWork.has(channel.machineId)) channel.sweep();
  }
}

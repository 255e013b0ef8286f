import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { ThisApp } from '#app';
import { Database } from '#db';
import { BusEvents, CancelEvent, CommandEvent, WakeEvent } from '#protocol';
import { HalfLines } from '../channel/half-lines.js';
import { Bus, ClockWatch, HealthRegistry, LOGGER, Loop, type Logger, Metrics } from '#runtime';
import type { GatewayConfig } from '../config.js';
import { Admission } from '../core/admission.js';
import { Channels } from './channels.js';
import { countChannels, gatewayCounters } from './counters.js';
import type { GatewayContext } from './gateway-context.js';
import { Lease } from './lease.js';
import { lookEveryMs, RenewalWatch } from './renewal-watch.js';
import { Sweep } from './sweep.js';

export const GATEWAY_CONFIG = Symbol('GATEWAY_CONFIG');

/** Somewhat more than the database has connections. */
const ADMITTED_AT_ONCE = 16;
/** So many machines that came in leave garbage that is worth a pause. */
const WAVE = 500;
/** A sweep may miss so many of its turns before it counts as not working. */
const SWEEPS_MISSED = 3;
/** Exit code of a process whose supervisor should start another one (EX_SOFTWARE of sysexits.h). */
const HUNG = 70;

/** This host's machines: one channel each, rung by the bus, swept slowly, held under leases. */
@Injectable()
export class GatewayService implements OnModuleInit, OnApplicationShutdown {
  private readonly context: GatewayContext;
  private channels: Channels | null = null;
  private sweep: Sweep | null = null;

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
    @Inject(Database) database: Database,
    @Inject(Bus) private readonly bus: Bus,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(HealthRegistry) private readonly health: HealthRegistry,
    @Inject(SchedulerRegistry) private readonly scheduler: SchedulerRegistry,
    @Inject(Metrics) private readonly metrics: Metrics,
    @Inject(ThisApp) private readonly running: ThisApp,
  ) {
    this.context = {
      config,
      database,
      bus,
      logger,
      health,
      lease: new Lease(database, config),
      counters: gatewayCounters(metrics),
      seen: new Set(),
      halfLines: new HalfLines(),
      admission: new Admission(ADMITTED_AT_ONCE, WAVE),
    };
  }

  onModuleInit(): void {
    const channels = new Channels(this.context);
    this.channels = channels;
    countChannels(this.metrics, () => channels.states);
    for (const host of [this.config.HOST_ID, null]) this.hearRings(host, channels);
    this.running.afterListening(() => this.start(channels));
    if (this.config.INFINISERVICE_HMAC_MASTER_SECRET === undefined) {
      const note =
        'INFINISERVICE_HMAC_MASTER_SECRET is not set: lines to guests are not signed, and the public agent answers none of them';
      this.logger.warn(note);
      this.health.note('signing', note);
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.sweep?.stop();
    for (const name of ['gateway.sweep', 'gateway.renew', 'gateway.watch'])
      if (this.scheduler.doesExist('interval', name)) this.scheduler.deleteInterval(name);
    await this.channels?.stop();
  }

  private async start(channels: Channels): Promise<void> {
    channels.watch();
    const { LEASE_SECONDS, SWEEP_SECONDS, DATABASE_STATEMENT_SECONDS } = this.config;
    const leaseMs = LEASE_SECONDS * 1000;
    const sweep = new Sweep(this.context, channels, new ClockWatch(leaseMs));
    this.sweep = sweep;
    // Spread over the fleet, so that a thousand gateways do not ask the database in the same moment.
    const jitter = 0.9 + Math.random() * 0.2;
    const limitMs = (SWEEPS_MISSED * SWEEP_SECONDS + DATABASE_STATEMENT_SECONDS) * 1000;
    const sweeping = this.every('sweep', SWEEP_SECONDS * 1000 * jitter, limitMs, () => sweep.run());
    const watch = new RenewalWatch(() => this.endHung());
    this.every('renew', leaseMs / 3, leaseMs, () => this.context.lease.renew().finally(() => watch.ended()));
    this.scheduler.addInterval(
      'gateway.watch',
      setInterval(() => watch.look(), lookEveryMs(LEASE_SECONDS)),
    );
    await sweeping.run();
  }

  /** @param host whose rings: ours, or null for those that are for all gateways */
  private hearRings(host: string | null, channels: Channels): void {
    this.bus.onEvent(BusEvents.command(host), CommandEvent, ({ machineId }) =>
      channels.get(machineId)?.command(),
    );
    this.bus.onEvent(BusEvents.wake(host), WakeEvent, async ({ machineId }) => {
      // Before the port is ours there is nothing to wake.
      if (this.sweep) await channels.wake(machineId);
    });
    this.bus.onEvent(BusEvents.cancel(host), CancelEvent, ({ machineId, executionId }) =>
      channels.get(machineId)?.cancel(executionId),
    );
  }

  /** @param limitMs without a success for so long, this process is not ready */
  private every(name: string, ms: number, limitMs: number, run: () => Promise<void>): Loop {
    const loop = new Loop(this.health.loop(name, limitMs), run, (error) =>
      this.logger.warn({ err: error }, `${name} failed; it is tried again`),
    );
    this.scheduler.addInterval(
      `gateway.${name}`,
      setInterval(() => loop.ring(), ms),
    );
    return loop;
  }

  /** Errors end nothing, however long they last; a wait that no deadline ends is left by a new process. */
  private endHung(): void {
    this.logger.fatal('no renewal of the leases has ended for five leases: the process ends');
    process.exit(HUNG);
  }
}

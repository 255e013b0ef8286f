import { randomBytes } from 'node:crypto';
import {
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import {
  Database,
  dialectOf,
  endByVerdict,
  endOverdueCommands,
  findOverdue,
  forgetRunContents,
  machinesWithWork,
  recordSeen,
  renewLeases,
  returnAbandoned,
} from '#db';
import { BusEvents, CancelEvent, CommandEvent, WakeEvent } from '#protocol';
import { Bus, giveBackMemory, HealthRegistry, LOGGER, type Logger, Metrics, VERSION } from '#runtime';
import { SocketFolder } from '../channel/socket-folder.js';
import type { GatewayConfig } from '../config.js';
import { Admission } from '../core/admission.js';
import { type GatewayContext, gatewayCounters } from './gateway-context.js';
import { MachineChannel } from '../channel/machine-channel.js';

export const GATEWAY_CONFIG = Symbol('GATEWAY_CONFIG');

/** A run may be this late with its result before it is judged without one. */
const GRACE_SECONDS = 60;
/** Somewhat more than the database has connections. */
const ADMITTED_AT_ONCE = 16;
/** So many machines that came in leave garbage that is worth a pause. */
const WAVE = 500;

/** This host's machines: one channel each, rung by the bus, swept slowly, held under leases. */
@Injectable()
export class GatewayService implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  private readonly channels = new Map<string, MachineChannel>();
  private readonly context: GatewayContext;
  private folder!: SocketFolder;
  private startedAt = new Date();
  private stopping = false;
  private sweeping = false;

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
    @Inject(Database) private readonly database: Database,
    @Inject(Bus) private readonly bus: Bus,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(HealthRegistry) private readonly health: HealthRegistry,
    @Inject(SchedulerRegistry) private readonly scheduler: SchedulerRegistry,
    @Inject(Metrics) metrics: Metrics,
  ) {
    const owner = `${config.HOST_ID}#${randomBytes(6).toString('hex')}`;
    this.context = {
      config,
      database,
      bus,
      logger,
      owner,
      counters: gatewayCounters(metrics),
      seen: new Set(),
      admission: new Admission(ADMITTED_AT_ONCE, WAVE),
    };
    metrics.gauge('infinibay_gateway_channels', 'Channels by state.', ['state'], (gauge) => {
      gauge.reset();
      for (const { state } of this.channels.values()) gauge.inc({ state });
    });
  }

  onModuleInit(): void {
    this.folder = new SocketFolder(`${this.config.INFINIBAY_BASE_DIR}/sockets`);
    for (const host of [this.config.HOST_ID, null]) {
      this.bus.onEvent(BusEvents.command(host), CommandEvent, ({ machineId }) =>
        this.channels.get(machineId)?.command(),
      );
      this.bus.onEvent(BusEvents.wake(host), WakeEvent, async ({ machineId }) => {
        // Where we listen, a new machine has no socket that could be seen.
        if (this.listens && !this.channels.has(machineId)) await this.openOwn();
        this.channels.get(machineId)?.wake();
      });
      this.bus.onEvent(BusEvents.cancel(host), CancelEvent, ({ machineId, executionId }) =>
        this.channels.get(machineId)?.cancel(executionId),
      );
    }
    if (this.config.INFINISERVICE_HMAC_MASTER_SECRET === undefined) {
      const note =
        'INFINISERVICE_HMAC_MASTER_SECRET is not set: lines to guests are not signed, and the public agent answers none of them';
      this.logger.warn(note);
      this.health.note('signing', note);
    }
  }

  async onApplicationBootstrap(): Promise<void> {
    this.folder.watch(() => this.scan());
    await this.sweep();
    const every = (name: string, ms: number, run: () => Promise<void>): void => {
      const guarded = (): void =>
        void run().catch((error: unknown) =>
          this.logger.warn({ err: error }, `${name} failed; it is tried again`),
        );
      this.scheduler.addInterval(`gateway.${name}`, setInterval(guarded, ms));
    };
    // Spread over the fleet, so that a thousand gateways do not ask the database in the same moment.
    const jitter = 0.9 + Math.random() * 0.2;
    every('sweep', this.config.SWEEP_SECONDS * 1000 * jitter, () => this.sweep());
    every('renew', (this.config.LEASE_SECONDS * 1000) / 3, () => this.renew());
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping = true;
    for (const name of ['gateway.sweep', 'gateway.renew'])
      if (this.scheduler.doesExist('interval', name)) this.scheduler.deleteInterval(name);
    await Promise.allSettled([...this.channels.values()].map((channel) => channel.stop()));
    this.folder?.close();
  }

  private get listens(): boolean {
    return this.config.GATEWAY_SOCKET_MODE === 'listen';
  }

  /** Opens a channel for each socket that has none. Where we listen, sockets are ours: the rows say which machines there are. */
  private scan(): void {
    if (this.stopping || this.listens) return;
    for (const machineId of this.folder.list()) this.channel(machineId).nudge();
  }

  /**
   * Machines of this host without a socket are shown as missing rather than not at all. Where we listen, a machine whose host is not
   * known yet may be here too, and one that was deleted or has moved is listened for no more.
   */
  private async openOwn(): Promise<void> {
    const { HOST_ID: hostId } = this.config;
    const anywhere = this.listens ? ' or host_id is null' : '';
    // Plain rows: a sweep over thousands of machines must not make an entity of each.
    const own = await this.database
      .work()
      .execute<{ id: string }[]>(
        `select id from machine where registered = true and (host_id = ?${anywhere})`,
        [hostId],
      );
    if (this.stopping) return;
    for (const { id } of own) this.channel(id);
    if (!this.listens) return;
    const ids = new Set(own.map(({ id }) => id));
    for (const [id, channel] of this.channels) {
      if (ids.has(id)) continue;
      this.channels.delete(id);
      await channel.stop();
    }
  }

  private channel(machineId: string): MachineChannel {
    const known = this.channels.get(machineId);
    if (known) return known;
    const channel = new MachineChannel(this.context, this.folder, machineId);
    this.channels.set(machineId, channel);
    channel.start();
    return channel;
  }

  /** Repairs what rings and timers have missed. */
  private async sweep(): Promise<void> {
    if (this.sweeping || this.stopping) return;
    this.sweeping = true;
    try {
      this.scan();
      await this.openOwn();
      await this.endOverdue();
      const work = this.database.work();
      for (const machineId of await returnAbandoned(work)) this.bus.emit(BusEvents.wake(null), { machineId });
      for (const { id, machineId } of await endOverdueCommands(work))
        this.bus.emit(BusEvents.commandChanged, { commandId: id, machineId });
      await forgetRunContents(work);
      await this.reportHost();
      const seen = [...this.context.seen];
      this.context.seen.clear();
      await recordSeen(work, seen);
      const { owner } = this.context;
      const held = new Set(await renewLeases(work, owner, this.config.LEASE_SECONDS));
      // Timers are set for what is due before the sweep after the next one.
      const withWork = new Set(await machinesWithWork(work, owner, 2 * this.config.SWEEP_SECONDS));
      for (const [machineId, channel] of this.channels) {
        const holds = held.has(machineId);
        if (!holds || withWork.has(machineId)) channel.sweep(holds);
      }
      if (this.context.admission.takeWave()) giveBackMemory();
    } finally {
      this.sweeping = false;
    }
  }

  private async renew(): Promise<void> {
    await renewLeases(this.database.work(), this.context.owner, this.config.LEASE_SECONDS);
  }

  private async endOverdue(): Promise<void> {
    for (const overdue of await findOverdue(this.database.work(), GRACE_SECONDS)) {
      const { machineId, ...verdict } = overdue;
      const ended = await this.database.transaction((work) => endByVerdict(work, verdict));
      if (!ended) continue;
      this.logger.info(
        { machineId, status: ended, reason: verdict.failureReason },
        'an execution ended without news',
      );
      this.bus.emit(BusEvents.executionChanged, {
        executionId: verdict.id,
        machineId,
        status: ended,
      });
      // The slot is free for the next row, and a series has its next run.
      this.channels.get(machineId)?.wake();
    }
  }

  private async reportHost(): Promise<void> {
    const work = this.database.work();
    const { now, time } = dialectOf(work);
    const ready = [...this.channels.values()].filter(({ state }) => state === 'ready').length;
    await work.execute(
      `insert into host (id, instance, version, machines, ready, started_at, last_seen_at) values (?, ?, ?, ?, ?, ?, ${now})
       on conflict (id) do update set instance = excluded.instance, version = excluded.version, machines = excluded.machines, ready = excluded.ready,
         started_at = excluded.started_at, last_seen_at = excluded.last_seen_at`,
      [this.config.HOST_ID, this.context.owner, VERSION, this.channels.size, ready, time(this.startedAt)],
    );
  }
}

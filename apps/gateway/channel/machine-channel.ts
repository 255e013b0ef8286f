import type { Socket } from 'node:net';
import { dialectOf, findMachineFacts, Machine, type MachineFacts, releaseLease, takeLease } from '#db';
import { BusEvents, type ChannelState, deriveVmSecret, LineDecoder } from '#protocol';
import { connectFailure, readLines } from './connection.js';
import { ConnectingEndpoint, type Endpoint, EndpointClosed, ListeningEndpoint } from './endpoint.js';
import { Outbox } from './outbox.js';
import type { SocketFolder } from './socket-folder.js';
import { Backoff } from '../core/backoff.js';
import type { GatewayContext } from '../host/gateway-context.js';
import { GuestSession, type SessionHost } from '../session/guest-session.js';
import { LiveOutput } from '../session/live-output.js';
import { MachineEvents } from '../session/events.js';

/** Our agent says hello at once; after a migration the first connection may never hear the guest, and closing it cures that. */
const HELLO_DEADLINE_MS = { own: 3000, public: 90_000 };
const READ_FIRST_MS = 50;
/** After this much silence on a fresh connection it is worth looking whether another client holds the socket. */
const SILENT_AFTER_MS = 1000;
const LONGEST_TIMER_MS = 2_147_000_000;

/**
 * Closes a connection on which no hello came for so long. A line that waits for us is not the guest's silence: a gateway that begins with
 * thousands of machines would otherwise hang up on all of them, again and again.
 */
class HelloDeadline {
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

/** One machine's channel: keeps a connection for ever, knows its state, and hands work to the session that runs on it. */
export class MachineChannel implements SessionHost {
  /** Made when they are first needed: most of thousands of machines have nothing to tell. */
  private ownEvents: MachineEvents | null = null;
  private ownOutput: LiveOutput | null = null;
  private readonly backoff = new Backoff(100, 5000);
  private readonly endpoint: Endpoint;
  private socket: Socket | null = null;
  private session: GuestSession | null = null;
  private stopped = false;
  private retry: (() => void) | null = null;
  private dueTimer: NodeJS.Timeout | null = null;
  private queue: Promise<void> = Promise.resolve();
  private wakeQueued = false;
  private sweepQueued = false;
  private loop: Promise<void> = Promise.resolve();
  private shown: ChannelState | null = null;

  constructor(
    private readonly context: GatewayContext,
    private readonly folder: SocketFolder,
    readonly machineId: string,
  ) {
    this.endpoint =
      context.config.GATEWAY_SOCKET_MODE === 'listen'
        ? new ListeningEndpoint(folder, machineId, () => this.tellOfSecondClient())
        : new ConnectingEndpoint(folder, machineId);
  }

  get events(): MachineEvents {
    return (this.ownEvents ??= new MachineEvents(this.context, this.machineId));
  }

  get output(): LiveOutput {
    return (this.ownOutput ??= new LiveOutput(this.context, this.machineId));
  }

  get state(): ChannelState {
    return this.shown ?? 'unknown';
  }

  start(): void {
    this.loop = this.run();
  }

  /** The folder changed: no need to wait for the back-off. */
  nudge(): void {
    if (!this.socket) this.retry?.();
  }

  /** Look now: a row may be due. */
  wake(): void {
    if (this.wakeQueued) return;
    this.wakeQueued = true;
    this.enqueue(async () => {
      this.wakeQueued = false;
      await this.session?.deliver();
    });
  }

  /** A command waits. */
  command(): void {
    this.enqueue(async () => this.session?.sendCommands());
  }

  cancel(executionId: string): void {
    this.enqueue(async () => this.session?.cancel(executionId));
  }

  /** After a sweep: try for the lease again, and look for work that a lost ring has left. */
  sweep(holdsLease: boolean): void {
    // A guest that reads nothing for hours must not gather hours of sweeps.
    if (this.sweepQueued) return;
    this.sweepQueued = true;
    this.enqueue(async () => {
      this.sweepQueued = false;
      await this.session?.sweep(holdsLease);
    });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.retry?.();
    this.socket?.destroy();
    await this.endpoint.close();
    if (this.dueTimer) clearTimeout(this.dueTimer);
    await this.loop;
    await this.queue;
    this.ownOutput?.close();
    await releaseLease(this.context.database.work(), this.machineId, this.context.owner);
  }

  async guestSpoke(session: string | null): Promise<boolean> {
    this.backoff.reset();
    const { config, database, owner } = this.context;
    const epoch = await takeLease(database.work(), {
      machineId: this.machineId,
      owner,
      hostId: config.HOST_ID,
      seconds: config.LEASE_SECONDS,
      session,
    });
    if (epoch !== null) this.tellState('ready');
    else {
      const machine = await database.work().findOneOrFail(Machine, { id: this.machineId });
      await this.show('ready');
      await this.events.security(
        'machine_elsewhere',
        `another gateway (${machine.hostId ?? 'unknown'}) holds this machine; scripts stay with it until its lease ends`,
      );
    }
    return epoch !== null;
  }

  async persistently<T>(run: () => Promise<T>): Promise<T> {
    const backoff = new Backoff(100, 5000);
    for (;;) {
      try {
        return await run();
      } catch (error) {
        if (this.stopped) throw error;
        this.context.logger.warn({ machineId: this.machineId, err: error }, 'tried again until it succeeds');
      }
      await this.pause(backoff.next());
    }
  }

  setTimer(dueInMs: number | null): void {
    if (this.dueTimer) clearTimeout(this.dueTimer);
    this.dueTimer = null;
    // What is due already and still there waits for a free slot: the run's end looks again.
    if (dueInMs === null || dueInMs <= 0 || this.stopped) return;
    this.dueTimer = setTimeout(() => this.wake(), Math.min(dueInMs + 1, LONGEST_TIMER_MS));
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      try {
        const socket = await this.endpoint.open(() => {
          void this.show(
            'missing',
            `listening at ${this.folder.fileOf(this.machineId)}; no QEMU has connected`,
          );
        });
        await this.serve(socket);
        await this.show('guest-closed', 'the connection ended');
      } catch (error) {
        if (error instanceof EndpointClosed) return;
        const failure = connectFailure(error);
        const file = this.folder.fileOf(this.machineId);
        if (failure === 'occupied') await this.show('occupied', `another process listens at ${file}`);
        else if (failure === 'missing') await this.show('missing', `no socket at ${file}`);
        else if (failure === 'refused')
          await this.show('refused', `${file} is there and nobody listens: its QEMU has died`);
        else this.context.logger.warn({ machineId: this.machineId, err: error }, 'the channel failed');
      }
      if (this.stopped) return;
      await this.pause(this.backoff.next());
    }
  }

  private async serve(socket: Socket): Promise<void> {
    this.socket = socket;
    let deadline: HelloDeadline | null = null;
    try {
      const machine = await this.context.admission.connect(() => this.ownFacts());
      const { INFINISERVICE_HMAC_MASTER_SECRET: master } = this.context.config;
      const session = new GuestSession(
        this.context,
        this,
        new Outbox(socket, master ? deriveVmSecret(master, this.machineId) : null),
        machine,
      );
      deadline = new HelloDeadline(
        socket,
        (machine.protocol ?? 1) >= 2 ? HELLO_DEADLINE_MS.own : HELLO_DEADLINE_MS.public,
      );
      // In turn with the lines: what is shown must not be overtaken by a hello that is at work.
      setTimeout(() => this.enqueue(() => this.lookForOtherClient(session)), SILENT_AFTER_MS).unref();
      this.session = session;
      await this.hear(socket, session, deadline);
    } finally {
      deadline?.clear();
      // Kept open, it would be the one client that QEMU serves.
      socket.destroy();
      this.session = null;
      this.socket = null;
    }
  }

  private hear(socket: Socket, session: GuestSession, deadline: HelloDeadline): Promise<void> {
    return readLines(socket, new LineDecoder(), async (line) => {
      deadline.atWork = true;
      await this.serially(() => session.handleLine(line));
      deadline.atWork = false;
      if (session.isReady) deadline.clear();
    });
  }

  private tellOfSecondClient(): void {
    void this.events
      .security('second_client', 'a second program connected to the socket and was turned away')
      .catch((error: unknown) =>
        this.context.logger.warn({ machineId: this.machineId, err: error }, 'events'),
      );
  }

  private async lookForOtherClient(session: GuestSession): Promise<void> {
    if (session.isReady || this.session !== session) return;
    const occupied = await this.endpoint.hasRival().catch(() => false);
    if (!session.isReady && this.session === session) {
      if (occupied) await this.show('occupied', 'another program holds the socket: QEMU serves one client');
      else
        await this.show(
          'silent',
          'connected; the guest has not spoken: it is starting, paused, or has no agent',
        );
    }
  }

  /** What is known of the machine; a socket that nobody registered gets a row that says so. */
  private async ownFacts(): Promise<MachineFacts> {
    const { database, config, logger } = this.context;
    const { facts, isNew } = await findMachineFacts(database.work(), this.machineId, config.HOST_ID);
    if (isNew)
      logger.warn(
        { machineId: this.machineId },
        'a socket of a machine that is not registered: it is shown and gets no scripts',
      );
    return facts;
  }

  private async show(state: ChannelState, detail: string | null = null): Promise<void> {
    if (state === this.shown) return;
    const before = this.shown;
    const { database, logger, config } = this.context;
    this.tellState(state);
    try {
      const work = database.work();
      // Another host that holds the machine knows better than a socket that is left over here.
      await work.execute(
        `update machine set channel = ?, channel_detail = ?, host_id = coalesce(host_id, ?), updated_at = ${dialectOf(work).now}
         where id = ? and (lease_owner is null or host_id = ? or lease_expires_at < ${dialectOf(work).now})`,
        // Where the socket is, the machine is; where it is not, it may be anywhere.
        [state, detail, state === 'missing' ? null : config.HOST_ID, this.machineId, config.HOST_ID],
      );
    } catch (error) {
      this.shown = before;
      logger.warn({ machineId: this.machineId, err: error }, 'the channel state was not written');
    }
  }

  private tellState(state: ChannelState): void {
    if (state === this.shown) return;
    const { bus, logger } = this.context;
    logger.info({ machineId: this.machineId, channel: state, before: this.shown }, 'channel');
    this.shown = state;
    bus.emit(BusEvents.machineChanged, { machineId: this.machineId, channel: state });
  }

  /** Runs one thing after another for this machine: lines, rings and timers never cross. */
  private serially(run: () => Promise<void>): Promise<void> {
    const next = this.queue.then(async () => {
      try {
        await run();
      } catch (error) {
        if (!this.stopped)
          this.context.logger.error({ machineId: this.machineId, err: error }, 'a message was not handled');
      }
    });
    this.queue = next;
    return next;
  }

  private enqueue(run: () => Promise<void> | undefined): void {
    void this.serially(async () => run());
  }

  private async pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.retry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.retry = null;
  }
}

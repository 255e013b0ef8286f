import type { Socket } from 'node:net';
import { findMachineFacts, type MachineFacts } from '#db';
import { type ChannelState, deriveVmSecret, LineDecoder } from '#protocol';
import type { GatewayContext } from '../host/gateway-context.js';

import { Guest } from '../session/guest.js';
import { GuestSession } from '../session/guest-session.js';
import { LocalMachine } from '../session/local-machine.js';
import { connectFailure, leaveAlone, readLines } from './connection.js';
import { ConnectingEndpoint, type Endpoint, EndpointClosed, ListeningEndpoint } from './endpoint.js';
import { HELLO_DEADLINE_MS, HelloDeadline } from './hello-deadline.js';
import { Outbox } from './outbox.js';
import { SerialQueue } from './serial-queue.js';
import type { SocketFolder } from './socket-folder.js';

/**
 * After this much silence on a fresh connection it is worth looking whether another client holds the socket.
 */
const SILENT_AFTER_MS = 1000;

/**
 * One machine's channel: keeps a connection for ever, and hands lines and rings to the session that runs on
 * it, one after another.
 */
export class MachineChannel {
  private readonly machine: LocalMachine;
  private readonly endpoint: Endpoint;
  private readonly queue: SerialQueue;
  private socket: Socket | null = null;
  private session: GuestSession | null = null;
  private loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly context: GatewayContext,
    private readonly folder: SocketFolder,
    readonly machineId: string,
  ) {
    this.machine = new LocalMachine(context, machineId, () => this.wake());
    this.queue = new SerialQueue((error) => {
      if (!this.machine.patience.isOver)
        this.machine.log.write('error', { err: error }, 'a message was not handled');
    });
    this.endpoint =
      context.config.GATEWAY_SOCKET_MODE === 'listen'
        ? new ListeningEndpoint(folder, machineId, () => this.tellOfSecondClient())
        : new ConnectingEndpoint(folder, machineId);
  }

  get state(): ChannelState {
    return this.machine.state.current;
  }

  start(): void {
    this.loop = this.keepConnected();
  }

  /** The folder changed: no need to wait for the end of the pause. */
  nudge(): void {
    if (!this.socket) this.machine.patience.cutShort();
  }

  /** Look now: a row may be due. */
  wake(): void {
    this.queue.runOnce('wake', () => this.session?.deliver());
  }

  /** A command waits. */
  command(): void {
    this.queue.add(() => this.session?.sendCommands());
  }

  cancel(executionId: string): void {
    this.queue.add(() => this.session?.cancel(executionId));
  }

  /** After a sweep: try for the lease again, and look for work that a lost ring has left. */
  sweep(): void {
    this.queue.runOnce('sweep', () => this.session?.sweep());
    // What came last in a flood.
    this.queue.runOnce('excess', () => this.machine.events.tellExcess());
  }

  /** A sweep has found this state in the machine's row. */
  correct(found: ChannelState): Promise<void> {
    return this.machine.state.correct(found);
  }

  async stop(): Promise<void> {
    this.machine.patience.end();
    this.socket?.destroy();
    await this.endpoint.close();
    this.machine.due.stop();
    await this.loop;
    await this.queue.idle();
    this.machine.close();
    await this.context.lease.release(this.machineId);
  }

  private async keepConnected(): Promise<void> {
    const { patience, state } = this.machine;
    while (!patience.isOver) {
      try {
        await this.serve(await this.open());
        if (!this.machine.deafness.isDeaf) await state.show('guest-closed', 'the connection ended');
      } catch (error) {
        if (error instanceof EndpointClosed) return;
        await this.showFailure(error);
      }
      if (patience.isOver) return;
      await patience.pause();
    }
  }

  private open(): Promise<Socket> {
    return this.endpoint.open(() => {
      const file = this.folder.fileOf(this.machineId);
      this.queue.add(() => this.machine.state.show('missing', `listening at ${file}; no QEMU has connected`));
    });
  }

  private async showFailure(error: unknown): Promise<void> {
    const { state } = this.machine;
    const file = this.folder.fileOf(this.machineId);
    const failure = connectFailure(error);
    switch (failure) {
      case 'occupied':
        return state.show('occupied', `another process listens at ${file}`);
      case 'missing':
        return state.show('missing', `no socket at ${file}`);
      case 'refused':
        return state.show('refused', `${file} is there and nobody listens: its QEMU has died`);
      case 'closed':
        this.machine.log.write('warn', { err: error }, 'the channel failed');
        return;
      default:
        return failure satisfies never;
    }
  }

  /** One connection, from its beginning to its end. */
  private async serve(socket: Socket): Promise<void> {
    this.socket = socket;
    let deadline: HelloDeadline | null = null;
    try {
      const facts = await this.context.admission.connect(() => this.ownFacts());
      const guest = new Guest(this.machine, new Outbox(socket, this.secret()), facts);
      const session = new GuestSession(guest);
      deadline = new HelloDeadline(socket, HELLO_DEADLINE_MS[guest.kind]);
      // In turn with the lines: what is shown must not be overtaken by a hello that is at work.
      setTimeout(() => this.queue.add(() => this.lookForOtherClient(session)), SILENT_AFTER_MS).unref();
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

  private async hear(socket: Socket, session: GuestSession, deadline: HelloDeadline): Promise<void> {
    const { halfLines } = this.context;
    const { budget, events } = this.machine;
    const decoder: LineDecoder = new LineDecoder(undefined, (bytes) => halfLines.set(decoder, bytes));
    try {
      await readLines(socket, decoder, async (line, waitedMs) => {
        deadline.atWork = true;
        await this.queue.run(() => session.handleLine(line, waitedMs));
        const pauseMs = budget.pauseMs();
        await this.queue.run(() => events.tellExcess());
        if (pauseMs > 0) await leaveAlone(socket, pauseMs);
        deadline.atWork = false;
        if (session.isReady) deadline.clear();
      });
    } finally {
      decoder.reset();
    }
  }

  /** The machine's channel secret, or null when lines go out unsigned. */
  private secret(): string | null {
    const { INFINISERVICE_HMAC_MASTER_SECRET: master } = this.context.config;
    return master ? deriveVmSecret(master, this.machineId) : null;
  }

  private tellOfSecondClient(): void {
    this.machine.events
      .security('second_client', 'a second program connected to the socket and was turned away')
      .catch((error: unknown) => this.machine.log.write('warn', { err: error }, 'events'));
  }

  private async lookForOtherClient(session: GuestSession): Promise<void> {
    const isSilent = (): boolean => !session.isReady && this.session === session;
    if (!isSilent()) return;
    const occupied = await this.endpoint.hasRival().catch(() => false);
    if (!isSilent()) return;
    const { state } = this.machine;
    if (occupied) await state.show('occupied', 'another program holds the socket: QEMU serves one client');
    else
      await state.show(
        'silent',
        'connected; the guest has not spoken: it is starting, paused, or has no agent',
      );
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
}

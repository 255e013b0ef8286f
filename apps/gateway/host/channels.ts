import { machinesOfHost } from '#db';
import type { ChannelState } from '#protocol';
import { MachineChannel } from '../channel/machine-channel.js';
import { SocketFolder } from '../channel/socket-folder.js';
import type { GatewayContext } from './gateway-context.js';

/** The channels of this host's machines, one each. */
export class Channels implements Iterable<MachineChannel> {
  private readonly channels = new Map<string, MachineChannel>();
  private readonly folder: SocketFolder;
  private stopping = false;

  /** @throws AppError `gateway.sockets_exposed` when others may write to the sockets' folder */
  constructor(private readonly context: GatewayContext) {
    this.folder = new SocketFolder(`${context.config.INFINIBAY_BASE_DIR}/sockets`);
  }

  [Symbol.iterator](): IterableIterator<MachineChannel> {
    return this.channels.values();
  }

  get(machineId: string): MachineChannel | undefined {
    return this.channels.get(machineId);
  }

  get states(): ChannelState[] {
    return [...this].map(({ state }) => state);
  }

  /** Events of the folder may be lost, so that a sweep calls `scan` besides. */
  watch(): void {
    this.folder.watch(() => this.scan());
  }

  /**
   * Opens a channel for each socket that has none. Where we listen, sockets are ours: the rows say which
   * machines there are.
   */
  scan(): void {
    if (this.stopping || this.listens) return;
    for (const machineId of this.folder.list()) this.open(machineId).nudge();
  }

  /** Rings a machine's channel. Where we listen, a new machine has no socket that could be seen. */
  async wake(machineId: string): Promise<void> {
    if (this.listens && !this.channels.has(machineId)) await this.openOwn();
    this.channels.get(machineId)?.wake();
  }

  /**
   * Machines of this host without a socket are shown as missing rather than not at all. Where we listen, a
   * machine whose host is not known yet may be here too, and one that was deleted or has moved is listened
   * for no more. A row that shows another state than its channel is corrected.
   */
  async openOwn(): Promise<void> {
    const { config, database } = this.context;
    const own = await machinesOfHost(database.work(), config.HOST_ID, { orUnplaced: this.listens });
    if (this.stopping) return;
    for (const [machineId, state] of own) await this.open(machineId).correct(state);
    if (!this.listens) return;
    for (const [machineId, channel] of this.channels) {
      if (own.has(machineId)) continue;
      this.channels.delete(machineId);
      await channel.stop();
    }
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.allSettled([...this].map((channel) => channel.stop()));
    this.folder.close();
  }

  private get listens(): boolean {
    return this.context.config.GATEWAY_SOCKET_MODE === 'listen';
  }

  private open(machineId: string): MachineChannel {
    const known = this.channels.get(machineId);
    if (known) return known;
    const channel = new MachineChannel(this.context, this.folder, machineId);
    this.channels.set(machineId, channel);
    channel.start();
    return channel;
  }
}

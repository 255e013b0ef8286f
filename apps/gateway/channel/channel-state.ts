import { recordChannel } from '#db';
import { BusEvents, type ChannelState } from '#protocol';
import type { GatewayContext } from '../host/gateway-context.js';
import type { GuestLog } from '../session/guest-log.js';

interface Shown {
  state: ChannelState;
  detail: string | null;
}

/**
 * What operators see of one machine's channel: on the bus and in the log once for each change, and in its
 * row. A row that says otherwise is corrected, whoever wrote it and whatever kept us from writing.
 */
export class ShownChannelState {
  private shown: Shown | null = null;
  /** As the row has it, by what we know. */
  private written: ChannelState | null = null;
  private writing: Promise<void> | null = null;

  constructor(
    private readonly context: GatewayContext,
    private readonly machineId: string,
    private readonly log: GuestLog,
  ) {}

  get current(): ChannelState {
    return this.shown?.state ?? 'unknown';
  }

  /** Tells of the state and writes it down; when that fails, a sweep corrects the row. */
  async show(state: ChannelState, detail: string | null = null): Promise<void> {
    if (state === this.shown?.state) return;
    this.tell({ state, detail });
    await this.write();
  }

  /** As `show`, also when it is shown already: the statement that took the lease has written over it. */
  async showAgain(state: ChannelState, detail: string): Promise<void> {
    this.tell({ state, detail });
    this.written = 'ready';
    await this.write();
  }

  /** The statement that took the lease has written `ready` already. */
  showReadyWithLease(): void {
    this.tell({ state: 'ready', detail: null });
    this.written = 'ready';
  }

  /** A sweep has found this in the row. */
  async correct(found: ChannelState): Promise<void> {
    if (this.shown === null || this.writing !== null || found === this.shown.state) return;
    this.written = found;
    await this.write();
  }

  private write(): Promise<void> {
    return (this.writing ??= this.writeUntilSettled().finally(() => (this.writing = null)));
  }

  /** What changes while a statement is on its way is written after it: the last word is the newest. */
  private async writeUntilSettled(): Promise<void> {
    const { database, config, lease } = this.context;
    const { machineId } = this;
    while (this.shown !== null && this.shown.state !== this.written) {
      const { state, detail } = this.shown;
      const seen = { machineId, owner: lease.owner, hostId: config.HOST_ID, state, detail };
      try {
        // Whoever holds the machine knows better; when nobody does any more, a sweep comes back to it.
        if (!(await recordChannel(database.work(), seen))) return;
      } catch (error) {
        return this.log.write('warn', { err: error }, 'the channel state was not written');
      }
      this.written = state;
    }
  }

  private tell(shown: Shown): void {
    const before = this.shown?.state ?? null;
    this.shown = shown;
    if (shown.state === before) return;
    this.log.write('info', { channel: shown.state, before }, 'channel');
    this.context.bus.emit(BusEvents.machineChanged, { machineId: this.machineId, channel: shown.state });
  }
}

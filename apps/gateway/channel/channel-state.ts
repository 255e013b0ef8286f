import { recordChannel } from '#db';
import { BusEvents, type ChannelState } from '#protocol';
import type { GatewayContext } from '../host/gateway-context.js';
import type { GuestLog } from '../session/guest-log.js';

/**
 * What operators see of one machine's channel: in its row, on the bus and in the log, once for each change.
 */
export class ShownChannelState {
  private shown: ChannelState | null = null;

  constructor(
    private readonly context: GatewayContext,
    private readonly machineId: string,
    private readonly log: GuestLog,
  ) {}

  get current(): ChannelState {
    return this.shown ?? 'unknown';
  }

  /** Writes the state down and tells of it; when the database is away, the next change is written. */
  async show(state: ChannelState, detail: string | null = null): Promise<void> {
    if (state === this.shown) return;
    const before = this.shown;
    const { database, config } = this.context;
    this.tell(state);
    try {
      await recordChannel(database.work(), {
        machineId: this.machineId,
        hostId: config.HOST_ID,
        state,
        detail,
      });
    } catch (error) {
      this.shown = before;
      this.log.write('warn', { err: error }, 'the channel state was not written');
    }
  }

  /** The statement that took the lease has written `ready` already. */
  showReadyWithLease(): void {
    this.tell('ready');
  }

  private tell(state: ChannelState): void {
    if (state === this.shown) return;
    this.log.write('info', { channel: state, before: this.shown }, 'channel');
    this.shown = state;
    this.context.bus.emit(BusEvents.machineChanged, { machineId: this.machineId, channel: state });
  }
}

import { ShownChannelState } from '../channel/channel-state.js';
import { DueTimer } from '../channel/due-timer.js';
import { Patience } from '../channel/patience.js';
import type { GatewayContext } from '../host/gateway-context.js';
import { Deafness } from '../core/deafness.js';
import { MachineEvents } from './events.js';
import { LiveOutput } from './live-output.js';

/** A machine of this host, connected or not: what is kept of it from one connection to the next. */
export class LocalMachine {
  readonly patience = new Patience();
  readonly state: ShownChannelState;
  readonly due: DueTimer;
  readonly deafness = new Deafness();
  /** Made when they are first needed: most of thousands of machines have nothing to tell. */
  private ownEvents: MachineEvents | null = null;
  private ownOutput: LiveOutput | null = null;

  /** @param wake looks for rows that are due */
  constructor(
    readonly context: GatewayContext,
    readonly id: string,
    wake: () => void,
  ) {
    this.state = new ShownChannelState(context, id);
    this.due = new DueTimer(wake);
  }

  get events(): MachineEvents {
    return (this.ownEvents ??= new MachineEvents(this.context, this.id));
  }

  get output(): LiveOutput {
    return (this.ownOutput ??= new LiveOutput(this.context, this.id));
  }

  close(): void {
    this.ownOutput?.close();
  }
}

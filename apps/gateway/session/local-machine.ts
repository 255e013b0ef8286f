import { ShownChannelState } from '../channel/channel-state.js';
import { DueTimer } from '../channel/due-timer.js';
import { Patience } from '../channel/patience.js';
import type { GatewayContext } from '../host/gateway-context.js';
import { Deafness } from '../core/deafness.js';
import { GuestBudget } from './guest-budget.js';
import { MachineEvents } from './events.js';
import { GuestLog } from './guest-log.js';
import { LiveOutput } from './live-output.js';

/** A machine of this host, connected or not: what is kept of it from one connection to the next. */
export class LocalMachine {
  readonly patience = new Patience();
  readonly budget: GuestBudget;
  readonly log: GuestLog;
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
    this.budget = new GuestBudget(context.config.GUEST_BUDGET_FACTOR);
    this.log = new GuestLog(context.logger, id, this.budget);
    this.state = new ShownChannelState(context, id, this.log);
    this.due = new DueTimer(wake);
  }

  get events(): MachineEvents {
    return (this.ownEvents ??= new MachineEvents(this.context, this.id, this.budget, this.log));
  }

  get output(): LiveOutput {
    return (this.ownOutput ??= new LiveOutput(this.context, this.id, this.log));
  }

  close(): void {
    this.ownOutput?.close();
  }
}

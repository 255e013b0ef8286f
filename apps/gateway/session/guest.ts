import type { Installation, MachineFacts } from '#db';
import type { Outbox } from '../channel/outbox.js';
import type { GuestBudget } from './guest-budget.js';
import type { GatewayContext } from '../host/gateway-context.js';
import { type AgentKind, PACE_OF, rememberedKind } from './agent-kind.js';
import type { MachineEvents } from './events.js';
import type { LiveOutput } from './live-output.js';
import type { LocalMachine } from './local-machine.js';

/**
 * A connected machine, as everything that serves it knows it: which one it is, who speaks there, and where to
 * write to.
 */
export class Guest {
  private known: MachineFacts;
  private ofKind: AgentKind;

  /** @param facts as the machine's row has them; the hello brings newer ones */
  constructor(
    readonly machine: LocalMachine,
    readonly outbox: Outbox,
    facts: MachineFacts,
  ) {
    this.known = facts;
    this.ofKind = rememberedKind(facts);
    this.outbox.setPace(PACE_OF[this.ofKind]);
  }

  get context(): GatewayContext {
    return this.machine.context;
  }

  get machineId(): string {
    return this.machine.id;
  }

  get events(): MachineEvents {
    return this.machine.events;
  }

  get budget(): GuestBudget {
    return this.machine.budget;
  }

  get output(): LiveOutput {
    return this.machine.output;
  }

  get facts(): MachineFacts {
    return this.known;
  }

  /** Until the hello of this connection, what was known of the machine before. */
  get kind(): AgentKind {
    return this.ofKind;
  }

  get isOurs(): boolean {
    return this.ofKind === 'ours';
  }

  /** True while this process may hand out and judge the machine's rows. */
  get holdsLease(): boolean {
    return this.context.lease.holds(this.machineId);
  }

  /** The machine's row says this now of the installation that the agent lies in. */
  recordedInstallation({ setup, provedMedium }: Installation): void {
    this.known = { ...this.known, setup, provedMedium };
  }

  /** A hello was taken: who speaks is certain from now on. */
  meet(kind: AgentKind, facts: MachineFacts): void {
    this.known = facts;
    this.ofKind = kind;
    this.outbox.setPace(PACE_OF[kind]);
  }
}

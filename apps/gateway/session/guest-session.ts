import { type CompletionResult, findWaiting, type MachineFacts, recordStarted, ScriptExecution } from '#db';
import {
  CHANNEL_LIMITS,
  type CommandResponse,
  type DecodedLine,
  type GuestMessage,
  type Handshake,
  parseGuestLine,
  PROTOCOL_VERSION,
  recoverCompletion,
  type RunEntry,
  type ScriptCompletion,
} from '#protocol';
import type { Outbox } from '../channel/outbox.js';
import { OutputCredit } from '../core/output-credit.js';
import { sendCommands, takeAnswer } from './commands.js';
import { deliverDue, deliverRow } from './delivery.js';
import type { GatewayContext } from '../host/gateway-context.js';
import { applyHello, recoverRows } from './hello.js';
import { checkOwnership, compareVmId } from './identity.js';
import type { LiveOutput } from './live-output.js';
import type { MachineEvents } from './events.js';
import { commitCompletion, completionWithoutOutput } from './results.js';

/** Seconds that a cancelled script has between TERM and KILL. */
const CANCEL_GRACE_SECONDS = 10;
/** A third of the lease at most; thousands of machines each say it. */
const LONGEST_HEARTBEAT_SECONDS = 20;
/** How often a machine that talks is written down as seen. */
const SEEN_EVERY_MS = 10_000;
/** The public agent has no memory: two answers to one question are two runs. */
const PUBLIC_REPEAT_AFTER_MS = 2000;

/** What the session needs of the channel around it. */
export interface SessionHost {
  readonly machineId: string;
  /** The guest has spoken on this connection: the channel is ready. @returns true while this process holds the machine's lease */
  guestSpoke(session: string | null): Promise<boolean>;
  /** Looks again when the next row is due: in so many milliseconds, if at all. */
  setTimer(dueInMs: number | null): void;
  /** Tries until it succeeds. @throws Error of the last try when the channel is stopped */
  persistently<T>(run: () => Promise<T>): Promise<T>;
  readonly events: MachineEvents;
  readonly output: LiveOutput;
}

/** One connection's conversation with the agent. All calls come one after another. */
export class GuestSession {
  private machine: MachineFacts;
  private protocol: number | null = null;
  private session: string | null = null;
  private holdsLease = false;
  private ready = false;
  private listed: readonly RunEntry[] = [];
  private readonly credit = new OutputCredit();
  private seenAt = 0;
  private deliveredToPublicAt = 0;

  constructor(
    private readonly context: GatewayContext,
    private readonly host: SessionHost,
    private readonly outbox: Outbox,
    machine: MachineFacts,
  ) {
    this.machine = machine;
    this.keepPace();
  }

  /** The public agent says its handshake once in its life, so what it is stands in the machine's row. */
  private keepPace(): void {
    const isPublicWindows =
      (this.protocol ?? this.machine.protocol) === 1 &&
      (this.machine.platform ?? this.machine.os) === 'windows';
    this.outbox.setPace(
      isPublicWindows
        ? {
            lineBytes: CHANNEL_LIMITS.lineToPublicWindowsAgent,
            gapMs: CHANNEL_LIMITS.gapToPublicWindowsAgentMs,
          }
        : null,
    );
  }

  /** True after the hello (our agent) or the first valid line (public agent) of this connection. */
  get isReady(): boolean {
    return this.ready;
  }

  async handleLine(line: DecodedLine): Promise<void> {
    const { counters } = this.context;
    if (line.kind === 'oversized') {
      counters.lines.inc({ kind: 'oversized' });
      await this.host.events.once(
        'line.oversized',
        `a line of ${line.bytes} bytes was skipped; the limit is ${CHANNEL_LIMITS.lineFromGuest}`,
      );
      return this.recover(line);
    }
    const parsed = parseGuestLine(line.text);
    switch (parsed.kind) {
      case 'invalid':
        counters.lines.inc({ kind: 'invalid' });
        return this.host.events.once('line.invalid', `a line was not understood: ${parsed.reason}`);
      case 'unknown':
        counters.lines.inc({ kind: 'unknown' });
        return this.host.events.once(
          `line.unknown.${parsed.type}`,
          `messages of the unknown type ${parsed.type} are ignored`,
        );
      case 'message':
        counters.lines.inc({ kind: parsed.message.type });
        return this.handle(parsed.message);
      default:
        return parsed satisfies never;
    }
  }

  /** Hands out what waits: commands, and the scripts that are due. Safe to call at any time; does nothing before the guest has spoken. */
  async deliver(answerEmpty = false): Promise<void> {
    if (!this.ready || !this.outbox.writable) return;
    const work = this.context.database.work();
    const { machineId } = this.host;
    let waiting = await findWaiting(work, machineId);
    if (waiting.commands > 0) {
      await this.sendCommands();
      // Their lines may have taken their time.
      waiting = await findWaiting(work, machineId);
    }
    let written = 0;
    if (this.holdsLease && waiting.dueInMs !== null && waiting.dueInMs <= 0) {
      const out = Math.max(waiting.running, activeRuns(this.listed));
      written = await deliverDue(this.context, this.target(), this.machine.maxConcurrent - out);
      if (written > 0) this.deliveredToPublicAt = Date.now();
      waiting = await findWaiting(work, machineId);
    }
    this.host.setTimer(waiting.dueInMs);
    if (written === 0 && answerEmpty) await this.answerEmpty();
  }

  /** Sends the commands that wait. Safe to call at any time, as `deliver` is. */
  async sendCommands(): Promise<void> {
    if (!this.ready || !this.outbox.writable || !this.holdsLease) return;
    await sendCommands(this.context, this.host.machineId, this.outbox);
  }

  /** Asks the agent to end a run; the public agent cannot. */
  async cancel(executionId: string): Promise<void> {
    if (!this.ready || this.protocol === null || this.protocol < 2) return;
    await this.outbox.send({
      type: 'cancel_script',
      execution_id: executionId,
      grace_seconds: CANCEL_GRACE_SECONDS,
    });
  }

  /** Told by a sweep: the lease was lost or won, and a ring may have been missed. */
  async sweep(holdsLease: boolean): Promise<void> {
    if (!this.ready) return;
    if (!holdsLease) this.holdsLease = await this.host.guestSpoke(this.session);
    if (this.holdsLease && (this.protocol ?? 1) >= 2) {
      await recoverRows(this.context, this.machine, this.listed);
    }
    await this.deliver();
  }

  private target() {
    return {
      machineId: this.host.machineId,
      outbox: this.outbox,
      protocol: this.protocol ?? 1,
    };
  }

  private async handle(message: GuestMessage): Promise<void> {
    if ('timestamp' in message && typeof message.timestamp === 'string')
      this.outbox.learnClock(message.timestamp);
    if (message.type === 'handshake') return this.hello(message);
    if (!this.ready && !(await this.becomeReady())) return;
    this.touch();
    switch (message.type) {
      case 'request_pending_scripts':
        await compareVmId(this.host, message.vm_id);
        return this.answerRequest();
      case 'keep_alive': {
        const before = activeRuns(this.listed);
        if (message.runs) this.listed = message.runs;
        await this.outbox.send({
          type: 'keep_alive_response',
          sequence_number: message.sequence_number,
          timestamp: new Date().toISOString(),
        });
        // A place is free that no completion has told of.
        return activeRuns(this.listed) < before ? this.deliver() : undefined;
      }
      case 'script_started': {
        const known = await recordStarted(this.context.database.work(), {
          machineId: this.host.machineId,
          executionId: message.execution_id,
          attempt: message.attempt,
          bootId: message.boot_id ?? this.machine.bootId,
        });
        if (!known) await checkOwnership(this.context, this.host, message.execution_id, 'script_started');
        return;
      }
      case 'script_output': {
        const { bytes, known } = await this.host.output.push(message);
        if (!known) await checkOwnership(this.context, this.host, message.execution_id, 'script_output');
        const limit = this.credit.take(bytes);
        return limit === null ? undefined : this.outbox.send({ type: 'credit', limit });
      }
      case 'script_completion':
        return this.complete(message);
      case 'agent_event':
        return this.host.events.record({
          kind: 'agent',
          severity: message.severity,
          code: `agent.${message.source}`.slice(0, 128),
          message: message.message,
          executionId: message.executionId,
          data: message.context,
        });
      case 'metrics':
        return this.host.events.record({
          kind: 'metrics',
          severity: 'info',
          code: 'agent.metrics',
          message: '',
          data: message.data,
        });
      case 'response':
        return this.answer(message);
      case 'error':
      case 'error_report':
      case 'circuit_breaker_state':
      case 'connection_status':
      case 'ping':
        return this.host.events.record({
          kind: 'agent',
          severity: message.type.startsWith('error') ? 'error' : 'debug',
          code: `agent.${message.type}`,
          message: message.type,
          data: message,
        });
      default:
        return message satisfies never;
    }
  }

  private async hello(hello: Handshake): Promise<void> {
    await compareVmId(this.host, hello.vm_id);
    const protocol = hello.session ? Math.min(hello.protocol ?? 1, PROTOCOL_VERSION) : 1;
    const repeated = this.ready && hello.session !== undefined && hello.session === this.session;
    this.protocol = protocol;
    this.listed = hello.runs ?? [];
    const out = repeated ? [] : await this.context.admission.run(() => this.meet(hello, protocol));
    if (protocol >= 2 && hello.session) await this.acknowledgeHello(hello.session);
    if (repeated) return;
    for (const row of out) if (row.cancelRequestedAt !== null) await this.cancel(row.id);
    // The public agent asks for scripts by itself after its handshake, and takes an unasked answer for a second run.
    if (protocol >= 2) await this.deliver();
    else await this.sendCommands();
  }

  /** A session begins. @returns the rows that are out at the machine */
  private async meet(hello: Handshake, protocol: number): Promise<readonly ScriptExecution[]> {
    this.holdsLease = await this.host.guestSpoke(hello.session ?? null);
    const { holdsLease } = this;
    const applied = await applyHello(this.context, this.host.machineId, hello, { protocol, holdsLease });
    this.machine = applied.machine;
    this.session = hello.session ?? null;
    this.keepPace();
    this.ready = true;
    this.seenAt = Date.now();
    return applied.out;
  }

  private async acknowledgeHello(session: string): Promise<void> {
    this.outbox.beginSession(session);
    await this.outbox.send({
      type: 'handshake_ack',
      protocol: PROTOCOL_VERSION,
      heartbeat_seconds: Math.max(
        1,
        Math.min(LONGEST_HEARTBEAT_SECONDS, Math.floor(this.context.config.LEASE_SECONDS / 3)),
      ),
      credit_bytes: this.credit.begin(),
      output_limit_bytes: CHANNEL_LIMITS.outputHead + CHANNEL_LIMITS.outputTail,
      host_time: new Date().toISOString(),
      offsets: this.listed.map(({ execution_id, attempt }) => ({
        execution_id,
        attempt,
        ...this.host.output.offsets(execution_id, attempt),
      })),
    });
  }

  /** A first line that is no hello: enough for the public agent, which says its handshake once in its life; ours repeats its hello until acked. */
  private async becomeReady(): Promise<boolean> {
    if ((this.machine.protocol ?? 1) >= 2) return false;
    this.protocol = this.machine.protocol ?? 1;
    this.holdsLease = await this.host.guestSpoke(null);
    this.ready = true;
    await this.sendCommands();
    return true;
  }

  private async answerRequest(): Promise<void> {
    if ((this.protocol ?? 1) >= 2) return this.deliver(true);
    const rows = await this.context.database
      .work()
      .find(
        ScriptExecution,
        { machineId: this.host.machineId, status: 'RUNNING', deliveryStartedAt: { $ne: null } },
        { orderBy: { order: 'asc', createdAt: 'asc' } },
      );
    if (rows.length === 0) return this.deliver(true);
    if (Date.now() - this.deliveredToPublicAt <= PUBLIC_REPEAT_AFTER_MS) return this.answerEmpty();
    this.deliveredToPublicAt = Date.now();
    for (const row of rows) await deliverRow(this.context, this.target(), row);
  }

  private answerEmpty(): Promise<void> {
    return this.outbox.send({
      type: 'pending_scripts_response',
      timestamp: new Date().toISOString(),
      scripts: [],
    });
  }

  private async complete(message: ScriptCompletion): Promise<void> {
    const isOurs = (this.protocol ?? 1) >= 2;
    const os = isOurs ? (this.machine.os ?? 'linux') : null;
    const { bootId } = this.machine;
    const commit = (): Promise<CompletionResult> =>
      commitCompletion(this.context, this.host.machineId, message, { os, bootId });
    // Ours says it again until it is acked. The public agent says it once: it waits here, and its socket with it, until the database has it.
    const result = isOurs ? await commit() : await this.host.persistently(commit);
    this.host.output.forget(message.execution_id);
    if (result === 'unknown' || result === 'foreign') {
      await this.host.events.security(
        `completion_${result}`,
        `a completion for an execution that is ${result === 'foreign' ? "another machine's" : 'not known'}`,
        message.execution_id,
      );
    }
    if (isOurs && message.attempt !== undefined) {
      // A restart that has happened is not asked for twice.
      const reboot = result === 'reboot' && (message.boot_id ?? this.machine.bootId) === this.machine.bootId;
      await this.outbox.send({
        type: 'ack',
        execution_id: message.execution_id,
        attempt: message.attempt,
        ...(reboot ? { reboot } : {}),
      });
      this.listed = this.listed.filter((run) => run.execution_id !== message.execution_id);
    }
    await this.deliver();
  }

  private async answer(message: CommandResponse): Promise<void> {
    const result = await takeAnswer(this.context, this.host.machineId, message);
    if (result !== 'unknown') return;
    await this.host.events.security(
      'response_unknown',
      'an answer to a command that this machine was not given',
    );
  }

  private async recover(line: { head: string; tail: string; bytes: number }): Promise<void> {
    const found = recoverCompletion(line.head, line.tail);
    if (!found || (!this.ready && !(await this.becomeReady()))) return;
    await this.complete(completionWithoutOutput(found, line.bytes));
  }

  private touch(): void {
    if (Date.now() - this.seenAt < SEEN_EVERY_MS) return;
    this.seenAt = Date.now();
    this.context.seen.add(this.host.machineId);
  }
}

/** How many of the runs that an agent lists have not ended. */
function activeRuns(runs: readonly RunEntry[]): number {
  return runs.filter(({ state }) => state !== 'finished').length;
}

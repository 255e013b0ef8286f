import { findWaiting, Machine, recordStarted, ScriptExecution } from '#db';
import {
  CHANNEL_LIMITS,
  type CommandResponse,
  type DecodedLine,
  type GuestMessage,
  type Handshake,
  PROTOCOL_VERSION,
  type RunEntry,
  type ScriptCompletion,
  type ScriptOutput,
  type ScriptStarted,
} from '#protocol';
import { isSaidAfterAck } from '../core/deafness.js';
import { OutputCredit } from '../core/output-credit.js';
import { type AgentKind, kindOfHello } from './agent-kind.js';
import { sendCommands, takeAnswer } from './commands.js';
import { deliverDue, deliverRow } from './delivery.js';
import type { Guest } from './guest.js';
import { readLine } from './guest-line.js';
import { applyHello, recoverRows } from './hello.js';
import { checkOwnership, compareVmId, isIdOf, OtherIdentity } from './identity.js';
import { InstallationNews } from './installation.js';
import { commitCompletion } from './results.js';

/** Seconds that a cancelled script has between TERM and KILL. */
const CANCEL_GRACE_SECONDS = 10;
/** A third of the lease at most; thousands of machines each say it. */
const LONGEST_HEARTBEAT_SECONDS = 20;
/** How often a machine that talks is written down as seen. */
const SEEN_EVERY_MS = 10_000;
/** The public agent has no memory: two answers to one question are two runs. */
const PUBLIC_REPEAT_AFTER_MS = 2000;

/** A deaf agent's connection is opened anew this long after it was found deaf. */
const REOPEN_DEAF_AFTER_MS = 60_000;
const DEAF =
  "its channel secret is wrong or old, or it is another machine's: it takes none of the lines that are signed for this one";

/** One connection's conversation with the agent. All calls come one after another. */
export class GuestSession {
  /** The agent's own name for its process; the public one has none. */
  private session: string | null = null;
  /** Of the hello that was taken last; agents of before name none. */
  private helloToken: string | null = null;
  private ready = false;
  /** The hello that was taken while another gateway held the machine. */
  private unrecorded: { hello: Handshake; kind: AgentKind } | null = null;
  /** The runs that the agent has in its spool, as it said last. */
  private listed: readonly RunEntry[] = [];
  private readonly installation: InstallationNews;
  private readonly otherIdentity: OtherIdentity;
  /** The agent says another machine's id: it is answered, and gets no work. */
  private isAnother = false;
  private readonly credit = new OutputCredit();
  private seenAt = 0;
  private reopening: NodeJS.Timeout | null = null;
  private deliveredToPublicAt = 0;

  constructor(private readonly guest: Guest) {
    this.installation = new InstallationNews(guest);
    this.otherIdentity = new OtherIdentity(guest);
  }

  /** True after the hello (our agent) or the first valid line (public agent) of this connection. */
  get isReady(): boolean {
    return this.ready;
  }

  // Rings: safe to call at any time; they do nothing before the guest has spoken.

  /** Hands out what waits: commands, and the scripts that are due. */
  async deliver(): Promise<void> {
    if (this.canSend) await this.handOut();
  }

  /** Sends the commands that wait. */
  async sendCommands(): Promise<void> {
    if (this.canSend && this.guest.holdsLease) await sendCommands(this.guest);
  }

  /** Asks the agent to end a run; the public agent cannot. */
  async cancel(executionId: string): Promise<void> {
    if (!this.canSend || !this.guest.isOurs) return;
    await this.guest.outbox.send({
      type: 'cancel_script',
      execution_id: executionId,
      grace_seconds: CANCEL_GRACE_SECONDS,
    });
  }

  /** After a sweep: the lease may have been lost, and a ring may have been missed. */
  async sweep(): Promise<void> {
    if (!this.ready) return;
    if (!this.guest.holdsLease) {
      await this.takeLease(this.session);
      this.installation.tellAgain();
      await this.applyAgain();
    }
    if (this.isAnother) return;
    if (this.guest.holdsLease && this.guest.isOurs) await recoverRows(this.guest, this.listed);
    await this.installation.record();
    await this.deliver();
  }

  // Lines.

  /** @param waitedMs how long nothing had come before it */
  async handleLine(line: DecodedLine, waitedMs = 0): Promise<void> {
    const said = await readLine(this.guest, line);
    if (said?.kind === 'message') return this.handle(said.message, waitedMs);
    if (said?.kind !== 'recovered' || this.isAnother) return;
    if (!this.ready && !(await this.becomeReady())) return;
    this.guest.budget.spend('work');
    await this.complete(said.completion);
  }

  private async handle(message: GuestMessage, waitedMs: number): Promise<void> {
    const { guest } = this;
    if ('timestamp' in message && typeof message.timestamp === 'string')
      guest.outbox.learnClock(message.timestamp);
    if (message.type === 'handshake') return this.hello(message, waitedMs);
    if (isSaidAfterAck(message.type) && guest.machine.deafness.end()) await this.becomeHeard();
    guest.budget.spend('work', WORK_OF[message.type]);
    if (this.isAnother) return this.hearAnother(message);
    if (!this.ready && !(await this.becomeReady())) return;
    this.touch();
    switch (message.type) {
      case 'request_pending_scripts':
        await compareVmId(guest, message.vm_id);
        return this.answerRequest();
      case 'keep_alive':
        return this.keepAlive(message.sequence_number, message.runs);
      case 'script_started':
        return this.started(message);
      case 'script_output':
        return this.print(message);
      case 'script_completion':
        return this.complete(message);
      case 'response':
        return this.answer(message);
      case 'agent_event':
        await guest.events.record({
          kind: 'agent',
          severity: message.severity,
          code: `agent.${message.source}`.slice(0, 128),
          message: message.message,
          executionId: message.executionId,
          data: message.context,
        });
        return;
      case 'metrics':
        await guest.events.record({
          kind: 'metrics',
          severity: 'info',
          code: 'agent.metrics',
          message: '',
          data: message.data,
        });
        return;
      case 'error':
      case 'error_report':
      case 'circuit_breaker_state':
      case 'connection_status':
      case 'ping':
        await guest.events.record({
          kind: 'agent',
          severity: message.type.startsWith('error') ? 'error' : 'debug',
          code: `agent.${message.type}`,
          message: message.type,
          data: message,
        });
        return;
      default:
        return message satisfies never;
    }
  }

  // The beginning of a session.

  private async hello(hello: Handshake, waitedMs: number): Promise<void> {
    const kind = kindOfHello(hello);
    if (kind === 'ours' && this.isUnheard(hello, waitedMs)) return this.answerDeaf(hello);
    this.isAnother = kind === 'ours' && !isIdOf(this.guest.machineId, hello.vm_id);
    if (this.isAnother) {
      this.guest.budget.spend('work', 2);
      return this.meetAnother(hello);
    }
    await compareVmId(this.guest, hello.vm_id);
    const repeated = this.isRepeated(hello);
    this.guest.budget.spend(repeated ? 'work' : 'sessions');
    this.listed = hello.runs ?? [];
    this.installation.hear(hello, kind);
    const out = repeated ? [] : await this.guest.context.admission.run(() => this.meet(hello, kind));
    // Our agent says its hello again when the installation has ended: what waits for that goes out at once.
    const setupChanged = repeated && (await this.installation.record());
    if (kind === 'ours') await this.acknowledgeHello(hello);
    if (repeated && !setupChanged) return;
    for (const row of out) if (row.cancelRequestedAt !== null) await this.cancel(row.id);
    // The public agent asks for scripts by itself after its handshake, and takes an unasked answer for a
    // second run.
    if (kind === 'ours') await this.deliver();
    else await this.sendCommands();
  }

  private isUnheard({ hello, session }: Handshake, waitedMs: number): boolean {
    return this.guest.machine.deafness.hear(hello ?? session ?? '', waitedMs);
  }

  /** Acked again, and told nothing else; another connection, once a minute, may mend it. */
  private async answerDeaf(hello: Handshake): Promise<void> {
    const { outbox, machine } = this.guest;
    await this.acknowledgeHello(hello);
    await machine.state.show('deaf', DEAF);
    this.reopening ??= setTimeout(() => {
      if (machine.deafness.isDeaf) outbox.hangUp();
    }, REOPEN_DEAF_AFTER_MS).unref();
  }

  /** It hears after all. */
  private async becomeHeard(): Promise<void> {
    if (!this.ready) return;
    await this.guest.machine.state.show('ready');
    await this.deliver();
  }

  /**
   * True for a hello that was taken before and is said again. A new one of the same agent is looked at as the
   * first: what was sent before it, and is not listed in it, the agent has not taken.
   */
  private isRepeated(hello: Handshake): boolean {
    if (!this.ready || hello.session === undefined || hello.session !== this.session) return false;
    return (hello.hello ?? null) === this.helloToken;
  }

  /** @returns the rows that are out at the machine */
  private async meet(hello: Handshake, kind: AgentKind): Promise<readonly ScriptExecution[]> {
    await this.takeLease(hello.session ?? null);
    const out = await this.apply(hello, kind);
    this.session = hello.session ?? null;
    this.helloToken = hello.hello ?? null;
    await this.installation.record();
    this.ready = true;
    this.seenAt = Date.now();
    return out;
  }

  private async apply(hello: Handshake, kind: AgentKind): Promise<readonly ScriptExecution[]> {
    const { facts, out, recorded } = await applyHello(this.guest, hello, kind);
    this.guest.meet(kind, facts);
    this.unrecorded = recorded ? null : { hello, kind };
    return out;
  }

  /** Another gateway held the machine when the hello came: now that we do, it counts. */
  private async applyAgain(): Promise<void> {
    if (!this.guest.holdsLease || this.unrecorded === null) return;
    const { hello, kind } = this.unrecorded;
    await this.apply({ ...hello, runs: [...this.listed] }, kind);
  }

  /**
   * A copied disk is acked, so that it goes on in peace, and asked for nothing: its runs and its results are
   * another machine's.
   */
  private async meetAnother(hello: Handshake): Promise<void> {
    this.listed = [];
    this.unrecorded = null;
    // Nothing of it is this machine's: what it says next under its own id is a first hello.
    this.session = null;
    this.helloToken = null;
    if (!this.guest.holdsLease) await this.takeLease(hello.session ?? null);
    await this.otherIdentity.meet(hello);
    this.ready = true;
    await this.acknowledgeHello(hello);
  }

  private async hearAnother(message: GuestMessage): Promise<void> {
    this.touch();
    if (message.type === 'keep_alive') await this.keepAlive(message.sequence_number, undefined);
  }

  private async acknowledgeHello({ session, hello }: Handshake): Promise<void> {
    if (!session) return;
    const { outbox, output, context } = this.guest;
    outbox.begin({ session, hello: hello ?? null });
    await outbox.send({
      type: 'handshake_ack',
      protocol: PROTOCOL_VERSION,
      heartbeat_seconds: Math.max(
        1,
        Math.min(LONGEST_HEARTBEAT_SECONDS, Math.floor(context.config.LEASE_SECONDS / 3)),
      ),
      credit_bytes: this.credit.begin(),
      output_limit_bytes: CHANNEL_LIMITS.outputHead + CHANNEL_LIMITS.outputTail,
      host_time: new Date().toISOString(),
      offsets: this.listed.map(({ execution_id, attempt }) => ({
        execution_id,
        attempt,
        ...output.offsets(execution_id, attempt),
      })),
    });
  }

  /**
   * A first line that is no hello: enough for the public agent, which says its handshake once in its life;
   * ours repeats its hello until acked.
   */
  private async becomeReady(): Promise<boolean> {
    if (this.guest.isOurs) return false;
    await this.takeLease(null);
    this.ready = true;
    await this.sendCommands();
    return true;
  }

  /**
   * The guest has spoken here, so the channel is ready; the machine is ours unless another gateway holds it.
   */
  private async takeLease(session: string | null): Promise<void> {
    const { machineId, context, events, machine } = this.guest;
    machine.patience.reset();
    const taken = await context.lease.take(machineId, session);
    if (machine.deafness.isDeaf) return machine.state.showAgain('deaf', DEAF);
    if (taken) return machine.state.showReadyWithLease();
    const { hostId } = await context.database.work().findOneOrFail(Machine, { id: machineId });
    await machine.state.show('ready');
    await events.security(
      'machine_elsewhere',
      `another gateway (${hostId ?? 'unknown'}) holds this machine; scripts stay with it until its lease ends`,
    );
  }

  // Scripts that go out.

  private get canSend(): boolean {
    const { outbox, machine } = this.guest;
    return this.ready && !this.isAnother && outbox.writable && !machine.deafness.isDeaf;
  }

  /** @returns how many scripts were written */
  private async handOut(): Promise<number> {
    const { guest } = this;
    const look = () => findWaiting(guest.context.database.work(), guest.machineId);
    let waiting = await look();
    if (waiting.commands > 0) {
      await this.sendCommands();
      // Their lines may have taken their time.
      waiting = await look();
    }
    let written = 0;
    if (guest.holdsLease && waiting.dueInMs !== null && waiting.dueInMs <= 0) {
      const out = Math.max(waiting.running, activeRuns(this.listed));
      written = await deliverDue(guest, guest.facts.maxConcurrent - out);
      if (written > 0) this.deliveredToPublicAt = Date.now();
      waiting = await look();
    }
    guest.machine.due.set(waiting.dueInMs);
    return written;
  }

  private async answerRequest(): Promise<void> {
    const { guest } = this;
    const rows = guest.isOurs ? [] : await this.deliveredRows();
    if (rows.length === 0) {
      if (this.canSend && (await this.handOut()) === 0) await this.answerEmpty();
      return;
    }
    if (Date.now() - this.deliveredToPublicAt <= PUBLIC_REPEAT_AFTER_MS) return this.answerEmpty();
    this.deliveredToPublicAt = Date.now();
    for (const row of rows) await deliverRow(guest, row);
  }

  /** What the agent may have missed; a run whose end was asked for is not handed out once more. */
  private deliveredRows(): Promise<ScriptExecution[]> {
    const { machineId, context } = this.guest;
    return context.database
      .work()
      .find(
        ScriptExecution,
        { machineId, status: 'RUNNING', deliveryStartedAt: { $ne: null }, cancelRequestedAt: null },
        { orderBy: { order: 'asc', createdAt: 'asc' } },
      );
  }

  private answerEmpty(): Promise<void> {
    return this.guest.outbox.send({
      type: 'pending_scripts_response',
      timestamp: new Date().toISOString(),
      scripts: [],
    });
  }

  // What comes of them.

  private async keepAlive(sequenceNumber: number, runs: readonly RunEntry[] | undefined): Promise<void> {
    const before = activeRuns(this.listed);
    if (runs) this.listed = runs;
    await this.guest.outbox.send({
      type: 'keep_alive_response',
      sequence_number: sequenceNumber,
      timestamp: new Date().toISOString(),
    });
    // A place is free that no completion has told of.
    if (activeRuns(this.listed) < before) await this.deliver();
  }

  private async started(message: ScriptStarted): Promise<void> {
    const { machineId, context, facts } = this.guest;
    const known = await recordStarted(context.database.work(), {
      machineId,
      executionId: message.execution_id,
      attempt: message.attempt,
      bootId: message.boot_id ?? facts.bootId,
    });
    if (!known) await checkOwnership(this.guest, message.execution_id, 'script_started');
  }

  private async print(message: ScriptOutput): Promise<void> {
    // Live output may be dropped: the result carries head and tail. One without credit is not taken at all.
    if (this.guest.isOurs && this.credit.isExceededBy(bytesOf(message)))
      return this.guest.events.once('output.over_credit', 'output beyond the credit was dropped');
    const { bytes, known } = await this.guest.output.push(message);
    if (!known) await checkOwnership(this.guest, message.execution_id, 'script_output');
    const limit = this.credit.take(bytes);
    if (limit !== null) await this.guest.outbox.send({ type: 'credit', limit });
  }

  private async complete(message: ScriptCompletion): Promise<void> {
    const { guest } = this;
    const { events, output, isOurs } = guest;
    const commit = () => commitCompletion(guest, message);
    // Ours says it again until it is acked. The public agent says it once: it waits here, and its socket with
    // it, until the database has it.
    const result = isOurs ? await commit() : await this.untilDone(commit);
    output.forget(message.execution_id);
    if (result === 'unknown' || result === 'foreign') {
      await events.security(
        `completion_${result}`,
        `a completion for an execution that is ${result === 'foreign' ? "another machine's" : 'not known'}`,
        message.execution_id,
      );
    }
    if (isOurs && message.attempt !== undefined) {
      // A restart that has happened is not asked for twice.
      const { bootId } = guest.facts;
      const reboot = result === 'reboot' && (message.boot_id ?? bootId) === bootId;
      await guest.outbox.send({
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
    // No agent says an answer twice.
    if ((await this.untilDone(() => takeAnswer(this.guest, message))) !== 'unknown') return;
    await this.guest.events.security(
      'response_unknown',
      'an answer to a command that this machine was not given',
    );
  }

  /** For what is said once: it waits here, and its socket with it, until the database has it. */
  private untilDone<T>(run: () => Promise<T>): Promise<T> {
    const { machine } = this.guest;
    return machine.patience.untilDone(run, (error) =>
      machine.log.write('warn', { err: error }, 'tried again until it succeeds'),
    );
  }

  private touch(): void {
    if (Date.now() - this.seenAt < SEEN_EVERY_MS) return;
    this.seenAt = Date.now();
    this.guest.context.seen.add(this.guest.machineId);
  }
}

/** Statements of the database, or lines of ours, that a message brings about. */
const WORK_OF: Partial<Record<GuestMessage['type'], number>> = {
  request_pending_scripts: 2,
  keep_alive: 1,
  script_started: 1,
  script_completion: 1,
  response: 1,
};

/** Bytes of the stream in a piece of it. */
function bytesOf({ data, encoding }: ScriptOutput): number {
  return Buffer.byteLength(data, encoding === 'base64' ? 'base64' : 'utf8');
}

/** How many of the runs that an agent lists have not ended. */
function activeRuns(runs: readonly RunEntry[]): number {
  return runs.filter(({ state }) => state !== 'finished').length;
}

import { saveLiveOutput, ScriptExecution } from '#db';
import { BusEvents, type ScriptOutput, storable } from '#protocol';
import { KEPT_OUTPUT, StreamTail } from '../core/output.js';
import { Redactor, Secrets } from '../core/redactor.js';
import type { GatewayContext } from '../host/gateway-context.js';
import type { GuestLog } from './guest-log.js';
import { secretsOf } from './inputs.js';

/** A running script's output reaches its row this often at the most. */
const SAVE_EVERY_MS = 300;
/** And this long after the database has failed. */
const SAVE_AGAIN_MS = 1000;
/** Runs of one machine whose output is followed at once: caps the memory a machine can take. */
const MAX_RUNS = 32;
const BUS_PIECE_BYTES = 65_536;

interface Run {
  executionId: string;
  attempt: number;
  stdout: Stream;
  stderr: Stream;
  timer: NodeJS.Timeout | null;
}

/** What has come of a stream, and what of it may be shown. */
class Stream {
  /** Bytes that have come. */
  received = 0;
  readonly shown = new StreamTail(KEPT_OUTPUT);
  private readonly redactor: Redactor;

  constructor(secrets: Secrets) {
    this.redactor = new Redactor(secrets);
  }

  /** @returns what can be shown now and where it begins; null when nothing is new */
  push(offset: number, piece: Buffer): { offset: number; bytes: Buffer } | null {
    const end = offset + piece.length;
    if (end <= this.received) return null;
    const heldFrom = this.received - this.redactor.pending;
    if (offset > this.received) this.show(this.redactor.gap(), heldFrom);
    const fresh = offset < this.received ? piece.subarray(this.received - offset) : piece;
    const start = end - fresh.length - this.redactor.pending;
    this.received = end;
    return this.show(this.redactor.push(fresh), start);
  }

  private show(bytes: Buffer, offset: number): { offset: number; bytes: Buffer } | null {
    if (bytes.length === 0) return null;
    this.shown.push(offset, bytes);
    return { offset, bytes };
  }
}

/** What the machine's running scripts have printed: kept bounded, shown in the row, passed on as it comes. */
export class LiveOutput {
  private readonly runs = new Map<string, Run>();

  constructor(
    private readonly context: GatewayContext,
    private readonly machineId: string,
    private readonly log: GuestLog,
  ) {}

  /** @returns bytes that count against the agent's credit, and whether the run is one of this machine's */
  async push(message: ScriptOutput): Promise<{ bytes: number; known: boolean }> {
    const bytes = Buffer.from(message.data, message.encoding === 'base64' ? 'base64' : 'utf8');
    this.context.counters.outputBytes.inc(bytes.length);
    const run = await this.run(message.execution_id, message.attempt);
    if (!run) return { bytes: bytes.length, known: false };
    const fresh = run[message.stream].push(message.offset, bytes);
    if (fresh === null) return { bytes: bytes.length, known: true };
    for (let at = 0; at < fresh.bytes.length; at += BUS_PIECE_BYTES) {
      this.context.bus.emit(
        BusEvents.executionOutput,
        {
          executionId: message.execution_id,
          machineId: this.machineId,
          attempt: message.attempt,
          stream: message.stream,
          offset: fresh.offset + at,
          data: storable(fresh.bytes.subarray(at, at + BUS_PIECE_BYTES).toString('utf8')),
        },
        { droppable: true },
      );
    }
    this.saveLater(run, SAVE_EVERY_MS);
    return { bytes: bytes.length, known: true };
  }

  /** Bytes received of a run's streams, for an agent that begins a session. */
  offsets(executionId: string, attempt: number): { stdout: number; stderr: number } {
    const run = this.runs.get(key(executionId, attempt));
    return { stdout: run?.stdout.received ?? 0, stderr: run?.stderr.received ?? 0 };
  }

  /** The run has ended: its completion carries what is to be kept. */
  forget(executionId: string): void {
    for (const [name, run] of this.runs) {
      if (run.executionId !== executionId) continue;
      if (run.timer) clearTimeout(run.timer);
      this.runs.delete(name);
    }
  }

  close(): void {
    for (const run of this.runs.values()) if (run.timer) clearTimeout(run.timer);
    this.runs.clear();
  }

  private async run(executionId: string, attempt: number): Promise<Run | null> {
    const name = key(executionId, attempt);
    const known = this.runs.get(name);
    if (known) return known;
    // A guest chooses these ids: more than it can have running are none of its runs.
    if (this.runs.size >= MAX_RUNS || !/^[0-9a-f-]{36}$/i.test(executionId)) return null;
    // The socket is the identity: what a guest prints for another machine's run is shown to nobody.
    const row = await this.context.database.work().findOne(ScriptExecution, {
      id: executionId.toLowerCase(),
      machineId: this.machineId,
      attempt,
      status: 'RUNNING',
    });
    if (!row) return null;
    const secrets = new Secrets(secretsOf(this.context.config, row));
    const run: Run = {
      executionId,
      attempt,
      stdout: new Stream(secrets),
      stderr: new Stream(secrets),
      timer: null,
    };
    this.runs.set(name, run);
    return run;
  }

  private saveLater(run: Run, ms: number): void {
    run.timer ??= setTimeout(() => {
      this.save(run).catch((error: unknown) => {
        this.log.write('warn', { err: error }, 'live output was not saved');
        // The script may print nothing more for a long time.
        if (this.runs.has(key(run.executionId, run.attempt))) this.saveLater(run, SAVE_AGAIN_MS);
      });
    }, ms);
  }

  private async save(run: Run): Promise<void> {
    run.timer = null;
    if (!this.runs.has(key(run.executionId, run.attempt))) return;
    const known = await saveLiveOutput(this.context.database.work(), {
      machineId: this.machineId,
      executionId: run.executionId,
      attempt: run.attempt,
      stdout: storable(run.stdout.shown.text()),
      stderr: storable(run.stderr.shown.text()),
      stdoutBytes: run.stdout.received,
      stderrBytes: run.stderr.received,
      truncated: run.stdout.shown.truncated || run.stderr.shown.truncated,
    });
    // Not a running row of this machine: nothing to follow.
    if (!known) this.forget(run.executionId);
  }
}

const key = (executionId: string, attempt: number): string => `${executionId}/${attempt}`;

import { saveLiveOutput, storable } from '#db';
import { BusEvents, CHANNEL_LIMITS, type ScriptOutput } from '#protocol';
import { StreamTail } from '../core/output.js';
import type { GatewayContext } from './gateway-context.js';

const LIMITS = { head: CHANNEL_LIMITS.outputHead, tail: CHANNEL_LIMITS.outputTail };
/** A running script's output reaches its row this often at the most. */
const SAVE_EVERY_MS = 300;
/** Runs of one machine whose output is followed at once: caps the memory a machine can take. */
const MAX_RUNS = 32;
const BUS_PIECE_BYTES = 65_536;

interface Run {
  executionId: string;
  attempt: number;
  stdout: StreamTail;
  stderr: StreamTail;
  timer: NodeJS.Timeout | null;
}

/** What the machine's running scripts have printed: kept bounded, shown in the row, passed on as it comes. */
export class LiveOutput {
  private readonly runs = new Map<string, Run>();

  constructor(
    private readonly context: GatewayContext,
    private readonly machineId: string,
  ) {}

  /** @returns bytes that count against the agent's credit */
  push(message: ScriptOutput): number {
    const bytes = Buffer.from(message.data, message.encoding === 'base64' ? 'base64' : 'utf8');
    this.context.counters.outputBytes.inc(bytes.length);
    const run = this.run(message.execution_id, message.attempt);
    if (!run) return bytes.length;
    const fresh = run[message.stream].push(message.offset, bytes);
    if (fresh === null) return bytes.length;
    const end = message.offset + bytes.length;
    for (let at = 0; at < fresh.length; at += BUS_PIECE_BYTES) {
      this.context.bus.emit(BusEvents.executionOutput, {
        executionId: message.execution_id,
        machineId: this.machineId,
        attempt: message.attempt,
        stream: message.stream,
        offset: end - fresh.length + at,
        data: storable(fresh.subarray(at, at + BUS_PIECE_BYTES).toString('utf8')),
      });
    }
    run.timer ??= setTimeout(() => void this.save(run), SAVE_EVERY_MS);
    return bytes.length;
  }

  /** Bytes received of a run's streams, for an agent that begins a session. */
  offsets(executionId: string, attempt: number): { stdout: number; stderr: number } {
    const run = this.runs.get(key(executionId, attempt));
    return { stdout: run?.stdout.bytes ?? 0, stderr: run?.stderr.bytes ?? 0 };
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

  private run(executionId: string, attempt: number): Run | null {
    const name = key(executionId, attempt);
    const known = this.runs.get(name);
    if (known) return known;
    // A guest chooses these ids: more than it can have running are none of its runs.
    if (this.runs.size >= MAX_RUNS || !/^[0-9a-f-]{36}$/i.test(executionId)) return null;
    const run: Run = {
      executionId,
      attempt,
      stdout: new StreamTail(LIMITS),
      stderr: new StreamTail(LIMITS),
      timer: null,
    };
    this.runs.set(name, run);
    return run;
  }

  private async save(run: Run): Promise<void> {
    run.timer = null;
    if (!this.runs.has(key(run.executionId, run.attempt))) return;
    try {
      const known = await saveLiveOutput(this.context.database.work(), {
        machineId: this.machineId,
        executionId: run.executionId,
        attempt: run.attempt,
        stdout: storable(run.stdout.text()),
        stderr: storable(run.stderr.text()),
        stdoutBytes: run.stdout.bytes,
        stderrBytes: run.stderr.bytes,
        truncated: run.stdout.truncated || run.stderr.truncated,
      });
      // Not a running row of this machine: nothing to follow.
      if (!known) this.forget(run.executionId);
    } catch (error) {
      this.context.logger.warn({ machineId: this.machineId, err: error }, 'live output was not saved');
    }
  }
}

const key = (executionId: string, attempt: number): string => `${executionId}/${attempt}`;

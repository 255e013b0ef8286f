import type { EntityData } from '@mikro-orm/core';
import type { ExecutionStatus, FailureReason } from '#protocol';
import type { Work } from '../database.js';
import { ScriptExecution } from '../entities/script-execution.js';
import { ScriptVersion } from '../entities/script.js';
import { dialectOf, isRowId } from '../sql.js';
import { continueSeries, reopenSeries } from './series.js';

/** How a run ended, as the guest observed it. */
export interface Outcome {
  status: 'SUCCESS' | 'FAILED' | 'TIMEOUT' | 'CANCELLED';
  failureReason: FailureReason | null;
  exitCode: number | null;
  signal: number | null;
  /** Without NUL and with valid Unicode; at most head and tail. */
  stdout: string;
  stderr: string;
  stdoutBytes: number;
  stderrBytes: number;
  stdoutSha256: string | null;
  stderrSha256: string | null;
  truncated: boolean;
  survivors: number | null;
  durationMs: number | null;
  bootId: string | null;
  startedAt: Date | null;
  error: string | null;
}

export interface Completion extends Outcome {
  machineId: string;
  executionId: string;
  /** Null from agents that know no attempts. */
  attempt: number | null;
  /** The script asked for a restart of its machine and to be run again after it. */
  wantsReboot?: boolean;
}

/** How often one run may ask for a restart. */
export const REBOOT_LIMIT = 10;

/**
 * - `recorded`: the row is final now; `late`: it replaced a verdict that was made without news
 * - `evidence`: the row stays CANCELLED and keeps the result; `duplicate`, `stale`: nothing changed
 * - `retry`: the run was lost and the row is PENDING with the next attempt, as its script allows
 * - `reboot`: the row waits, PENDING with the next attempt, for a boot other than the one it ran in
 * - `unknown`, `foreign`: no such row for this machine
 */
export type CompletionResult =
  'recorded' | 'late' | 'evidence' | 'duplicate' | 'stale' | 'retry' | 'reboot' | 'unknown' | 'foreign';

const FINAL = new Set(['SUCCESS', 'FAILED', 'TIMEOUT', 'CANCELLED']);

/** Nobody knows how it ended. */
function isLoss(reason: FailureReason | null): boolean {
  return reason === 'AGENT_LOST' || reason === 'INTERRUPTED_BY_REBOOT';
}

/** Verdicts that we reached without a word from the guest; a result that comes after all is the truth. */
function isOurVerdict(row: ScriptExecution): boolean {
  if (row.status === 'TIMEOUT')
    return row.exitCode === null && row.signal === null && row.durationMs === null;
  return row.status === 'FAILED' && isLoss(row.failureReason) && row.durationMs === null;
}

/**
 * Locks a row by an update that changes nothing: the same statement on both databases, and the database's time with it. The series comes first, always: whoever
 * ends a run goes on with its series, and whoever stops a series cancels its runs.
 */
async function lockExecution(work: Work, id: string): Promise<{ row: ScriptExecution; now: Date } | null> {
  if (!isRowId(id)) return null;
  await work.execute(
    'update series set max_executions = max_executions where id = (select series_id from script_execution where id = ?)',
    [id],
  );
  const [locked] = await work.execute<(EntityData<ScriptExecution> & { database_now: number | Date })[]>(
    `update script_execution set epoch = epoch where id = ? returning *, ${dialectOf(work).now} as database_now`,
    [id],
  );
  if (!locked) return null;
  const { database_now: now, ...fields } = locked;
  return { row: work.map(ScriptExecution, fields as EntityData<ScriptExecution>), now: new Date(now) };
}

/**
 * Records what a guest observed; to be called inside a transaction and acked to the guest after its commit.
 * @param refine what the row itself changes of the outcome, such as crossing its passwords out
 */
export async function recordCompletion(
  work: Work,
  observed: Completion,
  refine: (row: ScriptExecution) => Partial<Outcome> = () => ({}),
): Promise<CompletionResult> {
  const locked = await lockExecution(work, observed.executionId);
  if (!locked) return 'unknown';
  const { row, now } = locked;
  if (row.machineId !== observed.machineId) return 'foreign';
  const completion = { ...observed, ...refine(row) };
  const attempt = completion.attempt ?? row.attempt;
  if (attempt > row.attempt) return 'unknown';
  const bootId = completion.bootId ?? row.bootId;
  const wantsReboot = (completion.wantsReboot ?? false) && bootId !== null && row.cancelRequestedAt === null;
  // Said again because the ack did not arrive: the next attempt is there already.
  if (wantsReboot && attempt < row.attempt && !FINAL.has(row.status)) return 'reboot';
  // An older attempt's end counts only while the newer one has not been delivered.
  if (
    attempt < row.attempt &&
    !(row.status === 'PENDING' || (row.status === 'RUNNING' && row.deliveryStartedAt === null))
  )
    return 'stale';
  // Said again: the loss of that attempt is what the next one was made for.
  if (attempt < row.attempt && isLoss(completion.failureReason)) return 'duplicate';
  if (row.status === 'CANCELLED') {
    if (row.durationMs !== null || row.exitCode !== null) return 'duplicate';
    const { status, failureReason, completedAt } = row;
    apply(row, completion, now);
    Object.assign(row, { status, failureReason, completedAt });
    return 'evidence';
  }
  const wasFinal = FINAL.has(row.status);
  if (wasFinal && !isOurVerdict(row)) return 'duplicate';
  if (wantsReboot && !wasFinal && row.attempt <= REBOOT_LIMIT) {
    beginAgain(row, bootId, now);
    return 'reboot';
  }
  if (wantsReboot && row.attempt > REBOOT_LIMIT) {
    completion.status = 'FAILED';
    completion.failureReason = 'REBOOT_LIMIT';
    completion.error = `the script asked for more than ${REBOOT_LIMIT} restarts`;
  }
  // A run that the sweep has ended as lost already is not begun again by the agent's own word of the loss.
  if (!wasFinal && (await mayRetry(work, row, completion.failureReason))) {
    beginAgain(row, null, now);
    return 'retry';
  }
  apply(row, completion, now);
  if (wasFinal) await reopenSeries(work, row, now);
  else await continueSeries(work, row, now);
  return wasFinal ? 'late' : 'recorded';
}

/** True when a run was lost on the way and its script says that running it twice does no harm. */
async function mayRetry(
  work: Work,
  row: ScriptExecution,
  failureReason: FailureReason | null,
): Promise<boolean> {
  if (!isLoss(failureReason) || row.cancelRequestedAt !== null) return false;
  const version = await work.findOne(ScriptVersion, { scriptId: row.scriptId, version: row.scriptVersion });
  return version?.retry?.safe === true && row.attempt < version.retry.maxAttempts;
}

/**
 * The same run once more, as its next attempt. A `deliverBy` was kept when it began.
 * @param bootId the boot that has to end before it goes out; null when it need not wait
 */
function beginAgain(row: ScriptExecution, bootId: string | null, now: Date): void {
  row.status = 'PENDING';
  row.attempt += 1;
  row.epoch += 1;
  row.bootId = bootId;
  row.startedAt = null;
  row.startConfirmed = false;
  row.deliveryStartedAt = null;
  row.deliverBy = null;
  row.leaseOwner = null;
  row.leaseExpiresAt = null;
  row.updatedAt = now;
}

function apply(row: ScriptExecution, outcome: Outcome, now: Date): void {
  row.status = outcome.status;
  row.failureReason = outcome.failureReason;
  row.exitCode = outcome.exitCode;
  row.signal = outcome.signal;
  row.stdout = outcome.stdout;
  row.stderr = outcome.stderr;
  row.stdoutBytes = outcome.stdoutBytes;
  row.stderrBytes = outcome.stderrBytes;
  row.stdoutSha256 = outcome.stdoutSha256;
  row.stderrSha256 = outcome.stderrSha256;
  row.truncated = outcome.truncated;
  row.survivors = outcome.survivors;
  row.durationMs = outcome.durationMs ?? row.durationMs ?? 0;
  row.bootId = outcome.bootId ?? row.bootId;
  row.startedAt = row.startedAt ?? outcome.startedAt ?? now;
  row.deliveryStartedAt ??= row.startedAt;
  row.completedAt = now;
  row.error = outcome.error;
  row.leaseOwner = null;
  row.leaseExpiresAt = null;
  row.updatedAt = now;
  if (row.seriesId === null) {
    row.executionCount = 1;
    row.lastExecutedAt = row.startedAt;
  }
}

/**
 * Ends a row by our own verdict, unless it became final meanwhile; one that was lost begins again where its script allows. To be called
 * inside a transaction.
 * @returns the row's new status, or null when this call changed nothing
 */
export async function endByVerdict(
  work: Work,
  verdict: {
    id: string;
    epoch?: number;
    status: 'FAILED' | 'TIMEOUT' | 'CANCELLED';
    failureReason: FailureReason | null;
    error: string;
  },
): Promise<ExecutionStatus | null> {
  const locked = await lockExecution(work, verdict.id);
  if (!locked || FINAL.has(locked.row.status)) return null;
  const { row, now } = locked;
  if (verdict.epoch !== undefined && row.epoch !== verdict.epoch) return null;
  if (await mayRetry(work, row, verdict.failureReason)) {
    beginAgain(row, null, now);
    return 'PENDING';
  }
  row.status = verdict.status;
  row.failureReason = verdict.failureReason;
  row.error = verdict.error;
  row.completedAt = now;
  row.updatedAt = now;
  row.leaseOwner = null;
  row.leaseExpiresAt = null;
  await continueSeries(work, row, now);
  return row.status;
}

/** The agent began: its time replaces the claim's. @returns false when the row is not this machine's running attempt */
export async function recordStarted(
  work: Work,
  started: { machineId: string; executionId: string; attempt: number; bootId: string | null },
): Promise<boolean> {
  if (!isRowId(started.executionId)) return false;
  const { now } = dialectOf(work);
  const rows = await work.execute<{ id: string }[]>(
    `update script_execution set started_at = case when start_confirmed = true then started_at else ${now} end, start_confirmed = true,
       boot_id = coalesce(?, boot_id), updated_at = ${now}
     where id = ? and machine_id = ? and attempt = ? and status = 'RUNNING' returning id`,
    [started.bootId, started.executionId, started.machineId, started.attempt],
  );
  return rows.length > 0;
}

/** Shows what a running script has printed so far. */
export async function saveLiveOutput(
  work: Work,
  output: {
    machineId: string;
    executionId: string;
    attempt: number;
    stdout: string;
    stderr: string;
    stdoutBytes: number;
    stderrBytes: number;
    truncated: boolean;
  },
): Promise<boolean> {
  if (!isRowId(output.executionId)) return false;
  const { now } = dialectOf(work);
  const rows = await work.execute<{ id: string }[]>(
    `update script_execution set stdout = ?, stderr = ?, stdout_bytes = ?, stderr_bytes = ?, truncated = ?, updated_at = ${now}
     where id = ? and machine_id = ? and attempt = ? and status = 'RUNNING' returning id`,
    [
      output.stdout,
      output.stderr,
      output.stdoutBytes,
      output.stderrBytes,
      output.truncated,
      output.executionId,
      output.machineId,
      output.attempt,
    ],
  );
  return rows.length > 0;
}

/**
 * Asks for the end of a run: a PENDING row ends at once, a RUNNING one is marked and ends when its agent confirms.
 * To be called inside a transaction. @returns the row, or `final` when it had ended, or null when there is none
 */
export async function requestCancel(work: Work, id: string): Promise<ScriptExecution | 'final' | null> {
  const locked = await lockExecution(work, id);
  if (!locked) return null;
  const { row, now } = locked;
  if (FINAL.has(row.status)) return 'final';
  row.cancelRequestedAt ??= now;
  row.updatedAt = now;
  if (row.status === 'PENDING') {
    row.status = 'CANCELLED';
    row.completedAt = now;
    await continueSeries(work, row, now);
  }
  return row;
}

/** What a sweep found to end, by the database's clock. */
export interface Overdue {
  id: string;
  machineId: string;
  status: 'FAILED' | 'TIMEOUT' | 'CANCELLED';
  failureReason: FailureReason | null;
  error: string;
}

/**
 * Rows that end without news: a RUNNING one `graceSeconds` after its deadline, a cancelled one `graceSeconds` after it was asked to end, a PENDING one
 * whose `deliverBy` has passed. Each is ended by `endByVerdict` in a transaction of its own.
 */
export async function findOverdue(work: Work, graceSeconds: number): Promise<Overdue[]> {
  const { now } = dialectOf(work);
  const seconds = (column: string): string =>
    now.startsWith('cast') ? `((${now} - ${column}) / 1000.0)` : `extract(epoch from (${now} - ${column}))`;
  const rows = await work.execute<
    { id: string; machine_id: string; kind: string; start_confirmed: boolean | number }[]
  >(
    `select id, machine_id, start_confirmed, case
         when status = 'PENDING' then 'expired' when cancel_requested_at is not null and ${seconds('cancel_requested_at')} > ? then 'cancelled' else 'deadline' end as kind
     from script_execution where (status = 'PENDING' and deliver_by is not null and deliver_by <= ${now})
       or (status = 'RUNNING' and delivery_started_at is not null and (${seconds('started_at')} > timeout_seconds + ?
           or (cancel_requested_at is not null and ${seconds('cancel_requested_at')} > ?)))
     order by created_at limit 500`,
    [graceSeconds, graceSeconds, graceSeconds],
  );
  return rows.map(({ id, machine_id: machineId, kind, start_confirmed: confirmed }): Overdue => {
    if (kind === 'expired')
      return {
        id,
        machineId,
        status: 'FAILED',
        failureReason: 'EXPIRED',
        error: 'deliverBy passed before the machine could take it',
      };
    if (kind === 'cancelled')
      return {
        id,
        machineId,
        status: 'CANCELLED',
        failureReason: null,
        error: 'cancelled; the agent did not confirm in time',
      };
    if (confirmed)
      return {
        id,
        machineId,
        status: 'TIMEOUT',
        failureReason: null,
        error: 'the deadline passed without a result from the agent',
      };
    return {
      id,
      machineId,
      status: 'FAILED',
      failureReason: 'AGENT_LOST',
      error: 'the agent never said that it started the script',
    };
  });
}

import { type FailureReason, type FinalStatus, isFinal, isLoss } from '#protocol';
import type { Work } from '../database.js';
import { ScriptExecution } from '../entities/script-execution.js';
import { dialectOf, isRowId } from '../sql.js';
import { backToPending, endAsWished, mayRetry, wishAgainst } from './back-to-pending.js';
import { lockExecution } from './lock-execution.js';
import { continueSeries, reopenSeries } from './series.js';

/** How a run ended, as the guest observed it. */
export interface Outcome {
  status: FinalStatus;
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
 * - `unwanted`: it would have begun again, which an operator does not want: it is CANCELLED, with the result
 * - `unknown`, `foreign`: no such row for this machine
 */
export type CompletionResult =
  | 'recorded'
  | 'late'
  | 'evidence'
  | 'duplicate'
  | 'stale'
  | 'retry'
  | 'reboot'
  | 'unwanted'
  | 'unknown'
  | 'foreign';

/** Verdicts that we reached without a word from the guest; a result that comes after all is the truth. */
function isOurVerdict(row: ScriptExecution): boolean {
  if (row.status === 'TIMEOUT')
    return row.exitCode === null && row.signal === null && row.durationMs === null;
  return row.status === 'FAILED' && isLoss(row.failureReason) && row.durationMs === null;
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
  const wantsReboot = (completion.wantsReboot ?? false) && bootId !== null;
  // Said again because the ack did not arrive: the next attempt is there already.
  if (wantsReboot && attempt < row.attempt && !isFinal(row.status)) return 'reboot';
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
  const wasFinal = isFinal(row.status);
  if (wasFinal && !isOurVerdict(row)) return 'duplicate';
  const again = (result: 'reboot' | 'retry', afterBoot: string | null): Promise<CompletionResult> =>
    beginAgain(work, row, completion, { now, result, afterBoot });
  if (wantsReboot && !wasFinal && row.attempt <= REBOOT_LIMIT) return again('reboot', bootId);
  if (wantsReboot && row.attempt > REBOOT_LIMIT) {
    completion.status = 'FAILED';
    completion.failureReason = 'REBOOT_LIMIT';
    completion.error = `the script asked for more than ${REBOOT_LIMIT} restarts`;
  }
  // A run that the sweep has ended as lost already is not begun again by the agent's own word of the loss.
  if (!wasFinal && (await mayRetry(work, row, completion.failureReason))) return again('retry', null);
  apply(row, completion, now);
  if (wasFinal) await reopenSeries(work, row, now);
  else await continueSeries(work, row, now);
  return wasFinal ? 'late' : 'recorded';
}

/** What a run was given, read without a lock; null for a run that is not this machine's. */
export async function inputsOfRun(
  work: Work,
  machineId: string,
  executionId: string,
): Promise<Pick<ScriptExecution, 'scriptId' | 'inputValues'> | null> {
  if (!isRowId(executionId)) return null;
  return work.findOne(
    ScriptExecution,
    { id: executionId, machineId },
    { fields: ['scriptId', 'inputValues'], disableIdentityMap: true },
  );
}

/** The next attempt; where an operator does not want one, the row keeps what this one has shown. */
async function beginAgain(
  work: Work,
  row: ScriptExecution,
  completion: Completion,
  { now, result, afterBoot }: { now: Date; result: 'reboot' | 'retry'; afterBoot: string | null },
): Promise<CompletionResult> {
  const wish = await wishAgainst(work, row);
  if (wish === null) {
    keepOutput(row, completion);
    await backToPending(work, row, now, { attempt: 'next', afterBoot });
    return result;
  }
  apply(row, completion, now);
  await endAsWished(work, row, now, wish);
  return 'unwanted';
}

/** What an attempt has printed is on the row until the next one prints. */
function keepOutput(row: ScriptExecution, outcome: Outcome): void {
  row.stdout = outcome.stdout;
  row.stderr = outcome.stderr;
  row.stdoutBytes = outcome.stdoutBytes;
  row.stderrBytes = outcome.stderrBytes;
  row.stdoutSha256 = outcome.stdoutSha256;
  row.stderrSha256 = outcome.stderrSha256;
  row.truncated = outcome.truncated;
}

function apply(row: ScriptExecution, outcome: Outcome, now: Date): void {
  row.status = outcome.status;
  row.failureReason = outcome.failureReason;
  row.exitCode = outcome.exitCode;
  row.signal = outcome.signal;
  keepOutput(row, outcome);
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
 * The agent began: its time replaces the claim's.
 * @returns false when the row is not this machine's running attempt
 */
export async function recordStarted(
  work: Work,
  started: { machineId: string; executionId: string; attempt: number; bootId: string | null },
): Promise<boolean> {
  if (!isRowId(started.executionId)) return false;
  const { now } = dialectOf(work);
  const rows = await work.execute<{ id: string }[]>(
    `update script_execution set started_at = case when start_confirmed = true then started_at else ${now} end, start_confirmed = true,
       -- What has started has been delivered, by whomever: it is not to be taken back as if it had not.
       delivery_started_at = coalesce(delivery_started_at, ${now}), boot_id = coalesce(?, boot_id), updated_at = ${now}
     where id = ? and machine_id = ? and attempt = ? and status = 'RUNNING' returning id`,
    [started.bootId, started.executionId, started.machineId, started.attempt],
  );
  return rows.length > 0;
}

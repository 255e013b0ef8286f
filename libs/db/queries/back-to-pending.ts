import { type FailureReason, isLoss } from '#protocol';
import type { Work } from '../database.js';
import { Machine } from '../entities/machine.js';
import { type ScriptExecution, Series } from '../entities/script-execution.js';
import { ScriptVersion } from '../entities/script.js';
import { continueSeries } from './series.js';

/** True when a run was lost on the way and its script says that running it twice does no harm. */
export async function mayRetry(
  work: Work,
  row: ScriptExecution,
  failureReason: FailureReason | null,
): Promise<boolean> {
  if (!isLoss(failureReason)) return false;
  const version = await work.findOne(ScriptVersion, { scriptId: row.scriptId, version: row.scriptVersion });
  return version?.retry?.safe === true && row.attempt < version.retry.maxAttempts;
}

/**
 * What an operator wants that keeps a row from waiting for its machine once more: its end was asked for, its
 * series was stopped, or its machine was deleted.
 * @param row locked by `lockExecution`, and its series with it
 * @returns the reason in words, or null
 */
export async function wishAgainst(work: Work, row: ScriptExecution): Promise<string | null> {
  if (row.cancelRequestedAt !== null) return 'its end was asked for before it began again';
  if (row.seriesId !== null) {
    const series = await work.findOne(Series, { id: row.seriesId }, { refresh: true });
    if (series?.stoppedAt) return 'its series was stopped before it began again';
  }
  if ((await work.count(Machine, { id: row.machineId })) === 0) return 'its machine was deleted';
  return null;
}

/**
 * How a row goes back: as the `same` attempt, of which its guest has certainly nothing; or as the `next` one,
 * where `afterBoot` is the boot that has to end before it goes out, null when it need not wait.
 */
export type NextTry = { attempt: 'same' } | { attempt: 'next'; afterBoot: string | null };

/**
 * The one way back to PENDING. A wish that is stored on the row, its series or its machine is looked at here:
 * where there is one, the row ends CANCELLED instead, and its series goes on when it may.
 * @param row locked by `lockExecution`
 * @returns the row's new status
 */
export async function backToPending(
  work: Work,
  row: ScriptExecution,
  now: Date,
  nextTry: NextTry,
): Promise<'PENDING' | 'CANCELLED'> {
  const wish = await wishAgainst(work, row);
  if (nextTry.attempt === 'same') {
    // Nothing of it has run: it does not count as a run of its series.
    row.startedAt = null;
    row.deliveryStartedAt = null;
    row.startConfirmed = false;
    // No boot has seen it: it need not wait for another one.
    row.bootId = null;
  }
  row.epoch += 1;
  if (wish !== null) {
    await endAsWished(work, row, now, wish);
    return 'CANCELLED';
  }
  row.status = 'PENDING';
  row.leaseOwner = null;
  row.leaseExpiresAt = null;
  row.updatedAt = now;
  if (nextTry.attempt === 'next') {
    row.attempt += 1;
    row.bootId = nextTry.afterBoot;
    row.startedAt = null;
    row.startConfirmed = false;
    row.deliveryStartedAt = null;
    // It was kept when the run began.
    row.deliverBy = null;
  }
  return 'PENDING';
}

/** Ends a row as its operator wants, and goes on with its series. */
export async function endAsWished(work: Work, row: ScriptExecution, now: Date, wish: string): Promise<void> {
  row.status = 'CANCELLED';
  row.failureReason = null;
  row.error = wish;
  row.completedAt = now;
  row.updatedAt = now;
  row.leaseOwner = null;
  row.leaseExpiresAt = null;
  await continueSeries(work, row, now);
}

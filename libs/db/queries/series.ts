import { randomUUID } from 'node:crypto';
import type { Work } from '../database.js';
import { Machine } from '../entities/machine.js';
import { ScriptExecution, Series } from '../entities/script-execution.js';
import { dialectOf } from '../sql.js';
import { deliverBy, dueTime, nextSlot } from '../schedule/series-rule.js';

const STOPPED_BY_FAILURE = 'stopOnFailure';
const MACHINE_DELETED = 'machine deleted';

/** An operator's stop is for good, also of a series that late truth could open again. */
const STOP_REASON = `case when stop_reason is null or stop_reason = '${STOPPED_BY_FAILURE}' then ? else stop_reason end`;

/**
 * Goes on with a series whose run has just become final: counts it when it ran, and inserts the next slot.
 * Called inside the transaction that makes the run final, by whoever does that.
 */
export async function continueSeries(work: Work, ended: ScriptExecution, now: Date): Promise<void> {
  if (ended.seriesId === null || ended.slot === null) return;
  // Both a stop and the end of a run lock the series before the run (lockExecution).
  const series = await work.findOneOrFail(Series, { id: ended.seriesId }, { refresh: true });
  if (ended.startedAt !== null && ended.deliveryStartedAt !== null) {
    series.executionCount += 1;
    series.lastExecutedAt = ended.startedAt;
  }
  ended.executionCount = series.executionCount;
  ended.lastExecutedAt = series.lastExecutedAt;
  if (
    series.stoppedAt === null &&
    series.maxExecutions !== null &&
    series.executionCount >= series.maxExecutions
  ) {
    series.stoppedAt = now;
    series.stopReason = 'maxExecutions';
  }
  if (series.stoppedAt === null && series.rule.stopOnFailure && hasFailed(ended)) {
    series.stoppedAt = now;
    series.stopReason = STOPPED_BY_FAILURE;
  }
  if (series.stoppedAt === null) await insertNext(work, series, ended, now);
}

/** A run that expired never began, and one that was cancelled was not wanted: neither has failed. */
function hasFailed({ status, failureReason }: ScriptExecution): boolean {
  return status === 'TIMEOUT' || (status === 'FAILED' && failureReason !== 'EXPIRED');
}

/** A late result shows that the run which ended a series as failed had succeeded: the series goes on. */
export async function reopenSeries(work: Work, ended: ScriptExecution, now: Date): Promise<void> {
  if (ended.seriesId === null || hasFailed(ended)) return;
  const series = await work.findOneOrFail(Series, { id: ended.seriesId }, { refresh: true });
  if (series.stopReason !== STOPPED_BY_FAILURE) return;
  series.stoppedAt = null;
  series.stopReason = null;
  await insertNext(work, series, ended, now);
}

async function insertNext(work: Work, series: Series, ended: ScriptExecution, now: Date): Promise<void> {
  // Not locked: whoever deletes a machine stops its series before it looks for open runs, and we hold ours.
  if ((await work.count(Machine, { id: series.machineId })) === 0) {
    series.stoppedAt = now;
    series.stopReason = MACHINE_DELETED;
    return;
  }
  const slot = nextSlot(series.rule, ended.slot ?? 0, now);
  if (slot === null) {
    series.stoppedAt = now;
    series.stopReason = 'never again';
    return;
  }
  work.persist(
    work.create(
      ScriptExecution,
      {
        id: randomUUID(),
        scriptId: ended.scriptId,
        scriptVersion: ended.scriptVersion,
        machineId: ended.machineId,
        executionType: 'SCHEDULED',
        seriesId: series.id,
        slot,
        order: ended.order,
        scheduledFor: dueTime(series.rule, ended.machineId, slot),
        deliverBy: deliverBy(series.rule, ended.machineId, slot),
        repeatIntervalMinutes: ended.repeatIntervalMinutes,
        executionCount: series.executionCount,
        lastExecutedAt: series.lastExecutedAt,
        maxExecutions: series.maxExecutions,
        inputValues: ended.inputValues,
        timeoutSeconds: ended.timeoutSeconds,
        runAs: ended.runAs,
        triggeredBy: ended.triggeredBy,
        createdAt: now,
        updatedAt: now,
      },
      { partial: true },
    ),
  );
}

/**
 * Ends a series; its run is cancelled unless it has gone out, and then it is not begun again.
 * @returns the cancelled ids, or null when there is no such series
 */
export async function stopSeries(work: Work, seriesId: string): Promise<string[] | null> {
  const { now } = dialectOf(work);
  const stopped = await work.execute<{ id: string }[]>(
    `update series set stopped_at = coalesce(stopped_at, ${now}), stop_reason = ${STOP_REASON} where id = ? returning id`,
    ['stopped', seriesId],
  );
  if (stopped.length === 0) return null;
  const cancelled = await work.execute<{ id: string }[]>(
    `update script_execution set status = 'CANCELLED', cancel_requested_at = ${now}, completed_at = ${now}, updated_at = ${now},
       started_at = null, lease_owner = null, lease_expires_at = null
     where series_id = ? and (status = 'PENDING' or (status = 'RUNNING' and delivery_started_at is null)) returning id`,
    [seriesId],
  );
  return cancelled.map(({ id }) => id);
}

/** Ends a series whose run is refused for ever, before that run is ended. */
export async function stopRefusedSeries(work: Work, seriesId: string): Promise<void> {
  await work.execute(
    `update series set stopped_at = coalesce(stopped_at, ${dialectOf(work).now}), stop_reason = ${STOP_REASON} where id = ?`,
    ['refused', seriesId],
  );
}

/** Ends all series of a machine that is about to be deleted; its open runs are the caller's to end. */
export async function stopSeriesOfMachine(work: Work, machineId: string): Promise<void> {
  await work.execute(
    `update series set stopped_at = coalesce(stopped_at, ${dialectOf(work).now}), stop_reason = ${STOP_REASON}
     where machine_id = ?`,
    [MACHINE_DELETED, machineId],
  );
}

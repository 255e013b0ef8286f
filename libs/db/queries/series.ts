import { randomUUID } from 'node:crypto';
import type { Work } from '../database.js';
import { ScriptExecution, Series, type SeriesRule } from '../entities/script-execution.js';
import { databaseNow, dialectOf } from '../sql.js';

/** When slot n of a rule is due. */
export function slotTime(rule: SeriesRule, slot: number): Date {
  return new Date(Date.parse(rule.first) + slot * rule.repeatIntervalMinutes * 60_000);
}

/**
 * The slot after `slot` at or after `now`: runs that were missed become the one run that is late, and the grid goes on where it would be.
 */
export function nextSlot(rule: SeriesRule, slot: number, now: Date): number {
  const interval = rule.repeatIntervalMinutes * 60_000;
  return Math.max(slot + 1, Math.ceil((now.getTime() - Date.parse(rule.first)) / interval));
}

/**
 * Goes on with a series whose run has just become final: counts it when it ran, and inserts the next slot. Called inside the
 * transaction that makes the run final, by whoever does that.
 */
export async function continueSeries(work: Work, ended: ScriptExecution): Promise<void> {
  if (ended.seriesId === null || ended.slot === null) return;
  // Both a stop and the end of a run lock the series before the run (lockExecution).
  const series = await work.findOneOrFail(Series, { id: ended.seriesId }, { refresh: true });
  const now = await databaseNow(work);
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
  if (series.stoppedAt === null) {
    const slot = nextSlot(series.rule, ended.slot, now);
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
          scheduledFor: slotTime(series.rule, slot),
          repeatIntervalMinutes: series.rule.repeatIntervalMinutes,
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
}

/** Ends a series; its pending run is cancelled. @returns the cancelled ids, or null when there is no such series */
export async function stopSeries(work: Work, seriesId: string): Promise<string[] | null> {
  const { now } = dialectOf(work);
  const stopped = await work.execute<{ id: string }[]>(
    `update series set stopped_at = coalesce(stopped_at, ${now}), stop_reason = coalesce(stop_reason, 'stopped') where id = ? returning id`,
    [seriesId],
  );
  if (stopped.length === 0) return null;
  const cancelled = await work.execute<{ id: string }[]>(
    `update script_execution set status = 'CANCELLED', cancel_requested_at = ${now}, completed_at = ${now}, updated_at = ${now}
     where series_id = ? and status = 'PENDING' returning id`,
    [seriesId],
  );
  return cancelled.map(({ id }) => id);
}

import { randomUUID } from 'node:crypto';
import type { ExecutionType } from '#protocol';
import type { Work } from '../database.js';
import { ScriptExecution, Series, type StoredInput } from '../entities/script-execution.js';
import { insertAll } from '../insert-all.js';
import { databaseNow } from '../sql.js';
import { keepMachines, MachinesGoneError } from './lock-machines.js';
import { deliverBy, dueTime, firstSlot, type SeriesRule } from '../schedule/series-rule.js';

export interface NewExecution {
  machineId: string;
  scriptId: string;
  scriptVersion: number;
  /** Null: now, by the database's clock. A repeating schedule takes its first time from the rule. */
  scheduledFor: Date | null;
  executionType?: ExecutionType;
  /** The medium whose installation a FIRST_BOOT row belongs to. */
  mediaId?: string | null;
  /** Null: runs once. */
  rule?: SeriesRule | null;
  maxExecutions?: number | null;
  deliverBy?: Date | null;
  inputValues: Record<string, StoredInput>;
  timeoutSeconds: number;
  runAs: string | null;
  order?: number;
  triggeredBy: string;
}

/**
 * Inserts PENDING rows, with a series for each that repeats; to be called inside a transaction.
 * @returns the rows as they were inserted; they do not belong to the unit of work
 * @throws MachinesGoneError when a machine is not registered, or was deleted this very moment
 */
export async function scheduleExecutions(work: Work, requests: NewExecution[]): Promise<ScriptExecution[]> {
  const machineIds = [...new Set(requests.map(({ machineId }) => machineId))];
  const kept = await keepMachines(work, machineIds);
  if (kept.size < machineIds.length) throw new MachinesGoneError(machineIds.filter((id) => !kept.has(id)));
  const now = await databaseNow(work);
  const rows: ScriptExecution[] = [];
  const allSeries: Series[] = [];
  for (const [index, request] of requests.entries()) {
    const { rule, maxExecutions, executionType, ...fields } = request;
    let scheduledFor = request.scheduledFor ?? now;
    let slot: number | null = null;
    let series: Series | null = null;
    if (rule) {
      slot = firstSlot(rule);
      if (slot === null) throw new Error('a schedule that never comes has to be refused before');
      scheduledFor = dueTime(rule, request.machineId, slot);
      series = Object.assign(new Series(), {
        id: randomUUID(),
        machineId: request.machineId,
        scriptId: request.scriptId,
        rule,
        maxExecutions: maxExecutions ?? null,
        createdAt: now,
      });
      allSeries.push(series);
    }
    const row = Object.assign(new ScriptExecution(), {
      ...fields,
      id: randomUUID(),
      executionType: executionType ?? (scheduledFor > now || series ? 'SCHEDULED' : 'ON_DEMAND'),
      seriesId: series?.id ?? null,
      slot,
      scheduledFor,
      deliverBy:
        request.deliverBy ?? (rule && slot !== null ? deliverBy(rule, request.machineId, slot) : null),
      repeatIntervalMinutes: rule && !('cron' in rule) ? rule.repeatIntervalMinutes : null,
      maxExecutions: maxExecutions ?? null,
      order: request.order ?? 0,
      // One millisecond apart, so that rows of one request keep their order.
      createdAt: new Date(now.getTime() + index),
      updatedAt: now,
    });
    rows.push(row);
  }
  await insertAll(work, Series, allSeries);
  await insertAll(work, ScriptExecution, rows);
  return rows;
}

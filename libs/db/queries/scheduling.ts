import { randomUUID } from 'node:crypto';
import type { ExecutionType } from '#protocol';
import type { Work } from '../database.js';
import { Machine } from '../entities/machine.js';
import { ScriptExecution, Series, type StoredInput } from '../entities/script-execution.js';
import { databaseNow } from '../sql.js';

export interface NewExecution {
  machineId: string;
  scriptId: string;
  scriptVersion: number;
  /** Null: now, by the database's clock. */
  scheduledFor: Date | null;
  executionType?: ExecutionType;
  repeatIntervalMinutes?: number | null;
  maxExecutions?: number | null;
  deliverBy?: Date | null;
  inputValues: Record<string, StoredInput>;
  timeoutSeconds: number;
  runAs: string | null;
  order?: number;
  triggeredBy: string;
}

/** Inserts PENDING rows, with a series for each that repeats; to be called inside a transaction. */
export async function scheduleExecutions(work: Work, requests: NewExecution[]): Promise<ScriptExecution[]> {
  const now = await databaseNow(work);
  const rows: ScriptExecution[] = [];
  for (const [index, request] of requests.entries()) {
    const { repeatIntervalMinutes, maxExecutions, executionType, ...fields } = request;
    const scheduledFor = request.scheduledFor ?? now;
    let seriesId: string | null = null;
    if (repeatIntervalMinutes) {
      const series = work.create(
        Series,
        {
          id: randomUUID(),
          machineId: request.machineId,
          scriptId: request.scriptId,
          rule: { first: scheduledFor.toISOString(), repeatIntervalMinutes },
          maxExecutions: maxExecutions ?? null,
          createdAt: now,
        },
        { partial: true },
      );
      work.persist(series);
      seriesId = series.id;
    }
    const future = scheduledFor > now;
    const row = work.create(
      ScriptExecution,
      {
        ...fields,
        id: randomUUID(),
        executionType: executionType ?? (future || seriesId ? 'SCHEDULED' : 'ON_DEMAND'),
        seriesId,
        slot: seriesId ? 0 : null,
        scheduledFor,
        deliverBy: request.deliverBy ?? null,
        repeatIntervalMinutes: repeatIntervalMinutes ?? null,
        maxExecutions: maxExecutions ?? null,
        order: request.order ?? 0,
        // One millisecond apart, so that rows of one request keep their order.
        createdAt: new Date(now.getTime() + index),
        updatedAt: now,
      },
      { partial: true },
    );
    work.persist(row);
    rows.push(row);
  }
  await work.flush();
  return rows;
}

/** Creates a machine, or takes over a socket that nobody had registered. @returns the machine and whether it was there as registered already */
export async function adoptMachine(
  work: Work,
  wanted: { id: string; name: string; hostId?: string | undefined; os?: 'windows' | 'linux' | undefined },
): Promise<{ machine: Machine; existed: boolean }> {
  const now = await databaseNow(work);
  const found = await work.findOne(Machine, { id: wanted.id });
  if (found?.registered) return { machine: found, existed: true };
  const machine =
    found ??
    work.create(
      Machine,
      { id: wanted.id, name: wanted.name, createdAt: now, updatedAt: now },
      { partial: true },
    );
  machine.name = wanted.name;
  machine.registered = true;
  machine.os = wanted.os ?? machine.os;
  machine.hostId = wanted.hostId ?? machine.hostId;
  machine.updatedAt = now;
  work.persist(machine);
  await work.flush();
  return { machine, existed: false };
}

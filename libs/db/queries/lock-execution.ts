import type { EntityData } from '@mikro-orm/core';
import type { Work } from '../database.js';
import { ScriptExecution } from '../entities/script-execution.js';
import { dialectOf, isRowId } from '../sql.js';

/**
 * Locks a row by an update that changes nothing: the same statement on both databases, and the database's
 * time with it. The series comes first, always: whoever ends a run goes on with its series, and whoever stops
 * a series cancels its runs.
 */
export async function lockExecution(
  work: Work,
  id: string,
): Promise<{ row: ScriptExecution; now: Date } | null> {
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

import type { Work } from '../database.js';

/** Below SQLite's limit of parameters in one statement. */
const AT_ONCE = 500;

/**
 * What followers of executions want to be told of, as one text for each that is there: two that differ are
 * two states. Reads no output and makes no entities: hundreds may be followed for hours.
 */
export async function executionStates(
  work: Work,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const states = new Map<string, string>();
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const some = ids.slice(at, at + AT_ONCE);
    const rows = await work.execute<{ id: string }[]>(
      `select id, status, attempt, delivery_started_at, started_at, cancel_requested_at from script_execution
       where id in (${some.map(() => '?').join(', ')})`,
      some,
    );
    for (const row of rows) states.set(row.id, JSON.stringify(row));
  }
  return states;
}

import type { Database } from '#db';

/** Columns that say how a row ended; rows are counted by them. */
const STATES: Record<string, string> = {
  script_execution: 'status',
  media: 'state',
  machine_command: 'state',
  idempotency_key: 'status',
};

/**
 * What is written beside an answer, and may be missing: who downloaded what, and that the database takes
 * writes.
 */
const BESIDE = ['download', 'readiness'];

/** How many rows each table has, by their state. */
export async function tableCounts(database: Database): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { tableName } of database.orm.getMetadata().getAll().values()) {
    if (BESIDE.includes(tableName)) continue;
    const state = STATES[tableName] ?? `'rows'`;
    const rows = await database
      .work()
      .execute<{ state: string; n: number | string }[]>(
        `select ${state} as state, count(*) as n from ${tableName} group by 1`,
      );
    for (const row of rows) counts[`${tableName} ${row.state}`] = Number(row.n);
  }
  return counts;
}

/** What has come and gone. */
export function difference(
  before: Record<string, number>,
  now: Record<string, number>,
): Record<string, number> {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].toSorted();
  return Object.fromEntries(
    names
      .map((name): [string, number] => [name, (now[name] ?? 0) - (before[name] ?? 0)])
      .filter(([, change]) => change !== 0),
  );
}

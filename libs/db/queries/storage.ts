import { setImmediate } from 'node:timers/promises';
import type { Database } from '../database.js';

/** SQLite walks all pages of a table to know its size: it is not asked of a database of more bytes. */
const SQLITE_LOOKS_UP_TO = 536_870_912;

/** Bytes that the database takes, and its tables with their indexes where that can be said cheaply. */
export async function storageUse(
  database: Pick<Database, 'isSqlite' | 'work'>,
): Promise<{ bytes: number; tables: ReadonlyMap<string, number> }> {
  const work = database.work();
  if (!database.isSqlite) {
    const [total] = await work.execute<{ bytes: string }[]>(
      'select pg_database_size(current_database()) as bytes',
    );
    const rows = await work.execute<{ name: string; bytes: string }[]>(
      'select relname as name, pg_total_relation_size(relid) as bytes from pg_catalog.pg_statio_user_tables',
    );
    const tables = new Map(rows.map(({ name, bytes }) => [name, Number(bytes)]));
    return { bytes: Number(total?.bytes ?? 0), tables };
  }
  const [size] = await work.execute<{ bytes: number }[]>(
    'select page_count * page_size as bytes from pragma_page_count(), pragma_page_size()',
  );
  const bytes = size?.bytes ?? 0;
  const tables = new Map<string, number>();
  if (bytes > SQLITE_LOOKS_UP_TO) return { bytes, tables };
  const parts = await work.execute<{ name: string; tbl_name: string }[]>(
    "select name, tbl_name from sqlite_schema where type in ('table', 'index') and rootpage > 0",
  );
  for (const { name, tbl_name: table } of parts) {
    const [part] = await work.execute<{ bytes: number | null }[]>(
      'select sum(pgsize) as bytes from dbstat where name = ? and aggregate = true',
      [name],
    );
    tables.set(table, (tables.get(table) ?? 0) + (part?.bytes ?? 0));
    // Others have their turn: SQLite answers in this thread.
    await setImmediate();
  }
  return { bytes, tables };
}

import { DatabaseSync } from 'node:sqlite';

/** Rows as any other program sees them: by SQL, with none of our code between. */
export function readRows(file: string, sql: string): Record<string, unknown>[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}

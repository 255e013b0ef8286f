import { DatabaseError } from './codes.js';
import type { Database } from './database.js';

/** A number of our own for PostgreSQL's advisory lock ("infi"). */
const ADVISORY_LOCK = 0x696e6669;

/**
 * Brings a database to the newest version. Safe when several processes do it at once: on PostgreSQL an
 * advisory lock lets one work and the others find nothing to do.
 * @returns the names of the migrations that were run
 */
export async function migrateToLatest(database: Database): Promise<string[]> {
  const { migrator } = database.orm;
  if (database.isSqlite) return (await migrator.up()).map(({ name }) => name);
  return database.transaction(async (work) => {
    await work.execute('select pg_advisory_xact_lock(?)', [ADVISORY_LOCK]);
    return (await migrator.up()).map(({ name }) => name);
  });
}

/**
 * Waits until somebody has migrated the database.
 * @throws DatabaseError `database.not_migrated` after `deadlineMs`, saying what to run
 */
export async function awaitMigrated(database: Database, deadlineMs: number): Promise<void> {
  const until = Date.now() + deadlineMs;
  for (;;) {
    const pending = await database.orm.migrator.getPending();
    if (pending.length === 0) return;
    if (Date.now() > until) {
      throw new DatabaseError(
        'database.not_migrated',
        `DATABASE_URL: the database lacks ${pending.length} migration(s), first ${pending[0]?.name}: run npm run migrate`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

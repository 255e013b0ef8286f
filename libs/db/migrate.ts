import type { MikroORM } from '@mikro-orm/core';
import type { SqlEntityManager as Work } from '@mikro-orm/sql';
import { DatabaseError } from './codes.js';
import { connect, type Database } from './database.js';

/** A number of our own for PostgreSQL's advisory lock ("infi"). */
const ADVISORY_LOCK = 0x696e6669;

/** A migration rewrites whole tables: it may take longer than anything that an app asks. */
const DEADLINES = { connectMs: 60_000, statementMs: 3_600_000 };

/**
 * Brings a database to the newest version. Safe when several processes do it at once: on PostgreSQL an
 * advisory lock lets one work and the others find nothing to do.
 * @returns the names of the migrations that were run
 */
export async function migrateToLatest(database: Database): Promise<string[]> {
  if (database.isSqlite) return up(database.orm);
  const orm = await connect(database.url, DEADLINES);
  try {
    return await (orm.em.fork() as Work).transactional(async (work) => {
      await work.execute('select pg_advisory_xact_lock(?)', [ADVISORY_LOCK]);
      return up(orm);
    });
  } finally {
    await orm.close(true);
  }
}

async function up({ migrator }: MikroORM): Promise<string[]> {
  return (await migrator.up()).map(({ name }) => name);
}

/**
 * Waits until somebody has migrated the database.
 * @throws DatabaseError `database.not_migrated` after `deadlineMs`, saying what to run
 */
export async function awaitMigrated(database: Database, deadlineMs: number): Promise<void> {
  const until = performance.now() + deadlineMs;
  for (;;) {
    const pending = await database.orm.migrator.getPending();
    if (pending.length === 0) return;
    if (performance.now() > until) {
      throw new DatabaseError(
        'database.not_migrated',
        `DATABASE_URL: the database lacks ${pending.length} migration(s), first ${pending[0]?.name}: run npm run migrate`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

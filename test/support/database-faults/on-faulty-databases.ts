import { afterAll, beforeAll, describe } from '@jest/globals';
import { type Database, migrateToLatest, openDatabase } from '#db';
import { emptyDatabase } from '../servers/databases.js';
import type { DatabaseFaults, Fault, FaultKind } from './fault.js';
import { postgresFaults } from './postgres-faults.js';
import { sqliteFaults } from './sqlite-faults.js';

/** The long run tries every kind; others one on SQLite, and the answers to COMMIT on PostgreSQL. */
const ALL = process.env['DATABASE_FAULTS'] === 'all';

const PLANS: Record<'SQLite' | 'PostgreSQL', Omit<Fault, 'number'>[]> = ALL
  ? {
      SQLite: (['error', 'busy', 'full', 'ioerr'] as const).map((kind) => ({ kind })),
      PostgreSQL: (['error', 'cut before', 'cut after'] as const).map((kind) => ({ kind })),
    }
  : {
      SQLite: [{ kind: 'error' }],
      PostgreSQL: (['cut before', 'cut after'] as const).map((kind) => ({ kind, only: /^commit/i })),
    };

export interface FaultyDatabase {
  readonly faults: DatabaseFaults;
  /** Beside the faults, to prepare and to look. */
  readonly database: Database;
}

/** The same cases on each database, under each plan of faults. */
export function onFaultyDatabases(
  name: string,
  cases: (given: () => FaultyDatabase, plan: Omit<Fault, 'number'>) => void,
): void {
  for (const kind of ['SQLite', 'PostgreSQL'] as const) {
    describe(`${name} on ${kind}`, () => {
      let current: FaultyDatabase | undefined;
      let stop = async (): Promise<void> => undefined;
      beforeAll(async () => {
        const empty = emptyDatabase(kind);
        const database = await openDatabase(empty.url);
        await migrateToLatest(database);
        const faults = await (kind === 'SQLite' ? sqliteFaults(database) : postgresFaults(empty.url));
        current = { faults, database };
        stop = async () => {
          await faults.stop();
          await database.close();
          empty.remove();
        };
      });
      afterAll(() => stop());
      describe.each(PLANS[kind].map((plan): [string, Omit<Fault, 'number'>] => [wordsOf(plan), plan]))(
        '%s',
        (_, plan) =>
          cases(() => {
            if (!current) throw new Error('the database is open inside tests and hooks only');
            return current;
          }, plan),
      );
    });
  }
}

const wordsOf = ({ kind, only }: { kind: FaultKind; only?: RegExp }): string =>
  `${kind}${only ? ' COMMIT' : ''}`;

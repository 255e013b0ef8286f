import type { AbstractSqlConnection } from '@mikro-orm/sql';
import type { Database } from '#db';
import { type DatabaseFaults, type FaultKind, StatementCounter } from './fault.js';

/** The part of better-sqlite3's `Database` that is touched here. */
interface Sqlite {
  prepare: (sql: string) => unknown;
  exec(sql: string): unknown;
  readonly inTransaction: boolean;
}

const WORDS: Record<string, [code: string, message: string]> = {
  error: ['SQLITE_ERROR', 'a fault of the test'],
  busy: ['SQLITE_BUSY', 'database is locked'],
  full: ['SQLITE_FULL', 'database or disk is full'],
  ioerr: ['SQLITE_IOERR_WRITE', 'disk I/O error'],
};

/**
 * Faults of an open SQLite database, at its driver: the app under test shares the process's one connection.
 * Where SQLite ends the transaction itself ("Response To Errors Within A Transaction" of its manual), so does
 * the fault.
 */
export async function sqliteFaults(database: Database): Promise<DatabaseFaults> {
  const connection = database.orm.em.getConnection() as AbstractSqlConnection;
  const client = (await connection.getNativeClient()) as Sqlite;
  const prepare = client.prepare.bind(client);
  const counter = new StatementCounter();
  client.prepare = (sql) => {
    const kind = counter.next(sql);
    if (kind) fail(client, kind);
    return prepare(sql);
  };
  return {
    url: database.url,
    kinds: ['error', 'busy', 'full', 'ioerr'],
    arm: (fault) => counter.arm(fault),
    hasFailed: () => counter.hasFailed,
    disarm: () => counter.disarm(),
    stop: () => {
      client.prepare = prepare;
      return Promise.resolve();
    },
  };
}

function fail(client: Sqlite, kind: FaultKind): never {
  if ((kind === 'full' || kind === 'ioerr') && client.inTransaction) client.exec('rollback');
  const [code, message] = WORDS[kind] ?? ['SQLITE_ERROR', kind];
  throw Object.assign(new Error(message), { name: 'SqliteError', code });
}

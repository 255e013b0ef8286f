import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from '@jest/globals';
import { type Database, migrateToLatest, openDatabase } from '#db';
import { freshPostgresDatabase } from './postgres.js';

/** A database of its own that is gone after the test file. */
export interface TestDatabase {
  readonly kind: 'SQLite' | 'PostgreSQL';
  readonly url: string;
  readonly database: Database;
}

/**
 * An empty database's URL and what removes it. The PostgreSQL server is the integration run's own and goes
 * with it.
 */
export function emptyDatabase(kind: TestDatabase['kind']): { url: string; remove: () => void } {
  if (kind === 'PostgreSQL') return { url: freshPostgresDatabase(), remove: () => undefined };
  const folder = mkdtempSync(join(tmpdir(), 'infinibay-db-'));
  return {
    url: `sqlite:${join(folder, 'test.db')}`,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/**
 * The same cases on SQLite and on PostgreSQL, each with a migrated database; `given()` is usable inside tests
 * and hooks.
 */
export function onBothDatabases(name: string, cases: (given: () => TestDatabase) => void): void {
  describe.each(['SQLite', 'PostgreSQL'] as const)(`${name} on %s`, (kind) => {
    let current: TestDatabase | undefined;
    let remove: () => void = () => undefined;
    beforeAll(async () => {
      const empty = emptyDatabase(kind);
      remove = empty.remove;
      const database = await openDatabase(empty.url);
      await migrateToLatest(database);
      current = { kind, url: empty.url, database };
    }, 60_000);
    afterAll(async () => {
      await current?.database.close();
      remove();
    });
    cases(() => {
      if (!current) throw new Error('the database is open inside tests and hooks only');
      return current;
    });
  });
}

export const newId = (): string => randomUUID();

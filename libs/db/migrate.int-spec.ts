import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { MikroORM, type Options } from '@mikro-orm/core';
import { claimDue, migrateToLatest, openDatabase, recordCompletion, recordDelivery } from './index.js';
import { awaitMigrated } from './migrate.js';
import { databaseOptions } from './database.js';
import { sqliteMigrations } from './migrations/sqlite/list.js';
import { emptyDatabase, onBothDatabases } from '../../test/support/servers/databases.js';
import { completion, machineWithLease, schedule, script } from '../../test/support/rows/rows.js';

const MIGRATIONS = sqliteMigrations.length;

describe.each(['SQLite', 'PostgreSQL'] as const)('migrations on %s', (kind) => {
  it('make exactly the schema of the entities', async () => {
    const { url, remove } = emptyDatabase(kind);
    const database = await openDatabase(url);
    try {
      await migrateToLatest(database);
      // What the schema generator would still change; the view and the migrator's own table are none of the
      // entities.
      const difference = await database.orm.schema.getUpdateSchemaSQL({ safe: true, wrap: false });
      const statements = difference
        .split('\n')
        .filter((line) => line.trim() && !/\bdrop (table|view)\b/i.test(line));
      expect(statements).toEqual([]);
    } finally {
      await database.close();
      remove();
    }
  });

  it('run once, however many processes ask at the same time', async () => {
    const { url, remove } = emptyDatabase(kind);
    const urls =
      kind === 'PostgreSQL' ? [0, 1, 2].map((n) => `${url}?application_name=m${n}`) : [url, url, url];
    const databases = await Promise.all(urls.map((one) => openDatabase(one)));
    try {
      const done = await Promise.all(databases.map((database) => migrateToLatest(database)));
      expect(done.flat().length).toBe(MIGRATIONS);
      await Promise.all(databases.map((database) => awaitMigrated(database, 0)));
    } finally {
      await Promise.all(databases.map((database) => database.close()));
      remove();
    }
  });

  it('are waited for with a deadline, and named with the way out when they do not come', async () => {
    const { url, remove } = emptyDatabase(kind);
    const database = await openDatabase(url);
    try {
      await expect(awaitMigrated(database, 0)).rejects.toThrow(
        new RegExp(`lacks ${MIGRATIONS} migration.*npm run migrate`),
      );
      const waiting = awaitMigrated(database, 20_000);
      await migrateToLatest(database);
      await waiting;
    } finally {
      await database.close();
      remove();
    }
  });
});

describe('committed snapshots', () => {
  it.each([
    ['sqlite', 'sqlite::memory:'],
    ['postgresql', 'postgres://nobody@127.0.0.1:1/none'],
  ])('of %s agree with the entities', async (driver, url) => {
    const options = databaseOptions(url);
    const orm = new MikroORM({
      ...options,
      connect: false,
      migrations: {
        ...options.migrations,
        migrationsList: undefined,
        snapshot: true,
        snapshotName: `.snapshot-${driver}`,
        pathTs: `libs/db/migrations/${driver}`,
        path: `libs/db/migrations/${driver}`,
        emit: 'ts',
      },
    } as Options);
    expect(
      JSON.parse(readFileSync(`libs/db/migrations/${driver}/.snapshot-${driver}.json`, 'utf8')),
    ).toBeTruthy();
    expect(await orm.migrator.checkSchema()).toBe(false);
  });
});

onBothDatabases("operators' own SQL", (given) => {
  it('works as it is documented, word for word', async () => {
    const { database, kind } = given();
    const machineId = await machineWithLease(database, 'host-a#1');
    const scriptId = await script(database);
    const [later, first] = await schedule(
      database,
      { machineId, scriptId, scheduledFor: new Date('2026-02-03T04:05:06.789Z') },
      { machineId, scriptId, scheduledFor: new Date('2026-01-01T00:00:00.000Z') },
    );
    await schedule(database, { machineId: await machineWithLease(database), scriptId });
    const claimed = await claimDue(database.work(), { machineId, owner: 'host-a#1', capacity: 1 });
    await recordDelivery(database.work(), claimed[0]!, 'host-a#1');
    await database.transaction((work) =>
      recordCompletion(
        work,
        completion({ machineId, executionId: claimed[0]!.id }, { exitCode: 7, status: 'FAILED' }),
      ),
    );
    const rows = await database
      .work()
      .execute<Record<string, unknown>[]>(
        `SELECT id, scriptId, machineId, status, scheduledFor, startedAt, completedAt, exitCode FROM ScriptExecution WHERE machineId = '${machineId}' ORDER BY scheduledFor;`,
      );
    // PostgreSQL folds names that are not quoted to lower case; a client finds them either way.
    const read = rows.map(
      (row) => new Map(Object.entries(row).map(([name, value]) => [name.toLowerCase(), value])),
    );
    expect(read.map((row) => row.get('id'))).toEqual([first!.id, later!.id]);
    expect(read[0]!.get('scriptid')).toBe(scriptId);
    const ended = read.find((row) => row.get('id') === claimed[0]!.id)!;
    expect(ended.get('status')).toBe('FAILED');
    expect(Number(ended.get('exitcode'))).toBe(7);
    expect(new Date(ended.get('completedat') as string).getTime()).toBeGreaterThan(Date.now() - 60_000);
    const due = read[1]!.get('scheduledfor');
    expect(new Date(due as string).toISOString()).toBe('2026-02-03T04:05:06.789Z');
    if (kind === 'SQLite') expect(due).toBe('2026-02-03T04:05:06.789Z');
  });
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { command } from '../../test/support/processes/commands.js';
import { freshPostgresDatabase } from '../../test/support/servers/postgres.js';
import { waitFor } from '../../test/support/wait.js';
import { type Database, openDatabase } from './database.js';

/** More than the pool has places. */
const TRANSACTIONS = 25;

describe('a database', () => {
  it('that drops its connections in the midst of transactions serves again when it is back', async () => {
    const url = freshPostgresDatabase();
    const database = await openDatabase(url);
    const other = await openDatabase(`${url}?application_name=other`);
    try {
      for (let round = 0; round < TRANSACTIONS; round += 1) {
        await expect(
          database.transaction(async (work) => {
            const [row] = await work.execute<{ pid: number }[]>('select pg_backend_pid() as pid');
            await other.work().execute('select pg_terminate_backend(?)', [row?.pid]);
            await waitFor(
              () =>
                work.execute('select 1').then(
                  () => false,
                  () => true,
                ),
              { what: 'the connection to be gone' },
            );
            throw new Error('gone');
          }),
        ).rejects.toThrow('gone');
      }
      // Also those that are cut off before their first word.
      const begun = Array.from({ length: TRANSACTIONS }, () =>
        database.transaction((work) => work.execute('select pg_sleep(0.2)')).catch(() => null),
      );
      await waitFor(
        async () => {
          const [row] = await other
            .work()
            .execute<{ n: string }[]>(
              `select count(pg_terminate_backend(pid)) as n from pg_stat_activity where datname = current_database() and query like '%pg_sleep%' and pid <> pg_backend_pid()`,
            );
          return Number(row?.n) > 0;
        },
        { what: 'a transaction to be cut off' },
      );
      await Promise.all(begun);
      await waitFor(
        () =>
          database
            .work()
            .execute('select 1')
            .then(() => true),
        { what: 'an answer', deadlineMs: 5000 },
      );
      await database.transaction((work) => work.execute('select 1'));
    } finally {
      await Promise.all([database.close(), other.close()]);
    }
  });

  describe('on a disk that is full', () => {
    const folder = mkdtempSync(join(tmpdir(), 'infinibay-full-'));
    const disk = join(folder, 'disk');
    beforeAll(() => {
      mkdirSync(disk);
      command('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk]);
    });
    afterAll(() => {
      command('umount', [disk]);
      rmSync(folder, { recursive: true, force: true });
    });

    it('refuses what it cannot store, and serves again when there is room', async () => {
      const database: Database = await openDatabase(`sqlite:${join(disk, 'test.db')}`);
      try {
        await database.work().execute('create table note (text text)');
        const ballast = join(disk, 'ballast');
        writeFileSync(ballast, Buffer.alloc(1_400_000));
        for (let round = 0; round < 3; round += 1) {
          await expect(
            database.transaction(async (work) => {
              for (let row = 0; row < 100; row += 1)
                await work.execute('insert into note (text) values (?)', ['x'.repeat(100_000)]);
            }),
          ).rejects.toThrow(/full/i);
        }
        // A group that is given up ends no better: SQLite itself has rolled all of it back.
        const group = await Promise.allSettled(
          ['small', 'x'.repeat(10_000_000), 'small'].map((text) =>
            database.groupedTransaction((work) => work.execute('insert into note (text) values (?)', [text])),
          ),
        );
        expect(group.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
        rmSync(ballast);
        await database.transaction((work) => work.execute('insert into note (text) values (?)', ['room']));
        expect(await database.work().execute('select text from note')).toEqual(
          ['small', 'small', 'room'].map((text) => ({ text })),
        );
      } finally {
        await database.close();
      }
    });
  });
});

describe('a database that cannot be opened', () => {
  const folder = mkdtempSync(join(tmpdir(), 'infinibay-unopened-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const ofServer = (change: (url: URL) => void): string => {
    const url = new URL(freshPostgresDatabase());
    url.password = 'canary';
    change(url);
    return url.href;
  };
  const cases: [string, () => string, string, string][] = [
    ['no server', () => ofServer((url) => (url.port = '1')), 'nobody listens there', 'host and port'],
    ['no host', () => ofServer((url) => (url.hostname = 'no-such-host.invalid')), 'host', 'correct the host'],
    ['no user', () => ofServer((url) => (url.username = 'nobody-here')), 'this user', 'correct the user'],
    ['a folder', () => `sqlite:${folder}`, 'it names a folder', 'name a file'],
    ['no folder', () => 'sqlite:/dev/null/x.db', 'no folder', 'correct the path'],
    [
      'another file',
      () => {
        writeFileSync(
          join(folder, 'text'),
          'no database at all, but long enough for a header of one: '.repeat(20),
        );
        return `sqlite:${join(folder, 'text')}`;
      },
      'no SQLite database',
      'name another file',
    ],
  ];

  it.each(cases)('says so in one line with the way out: %s', async (_case, url, what, remedy) => {
    const error = await openDatabase(url()).then(
      (database) => database.close(),
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'database.unreachable' });
    const { message } = error as Error;
    expect(message).toMatch(/^DATABASE_URL \(.+\): /);
    expect(message).toContain(what);
    expect(message).toContain(remedy);
    expect(message).not.toMatch(/canary|\n/);
  });
});

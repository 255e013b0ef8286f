import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freshPostgresDatabase } from '../../test/support/servers/postgres.js';
import { SilentProxy } from '../../test/support/servers/silent-proxy.js';
import { type Database, openDatabase } from './database.js';

const DEADLINES = { connectMs: 1000, statementMs: 1000 };

describe('a PostgreSQL that falls silent', () => {
  let proxy: SilentProxy;
  let database: Database;
  let direct: Database;

  beforeAll(async () => {
    const url = freshPostgresDatabase();
    const through = await SilentProxy.before(url);
    proxy = through.proxy;
    database = await openDatabase(through.url, DEADLINES);
    direct = await openDatabase(url);
    await direct.work().execute('create table kept (id integer primary key)');
  }, 60_000);
  afterAll(async () => {
    await database.close();
    await direct.close();
    await proxy.close();
  });

  const rows = async (): Promise<number[]> =>
    (await direct.work().execute<{ id: number }[]>('select id from kept order by id')).map(({ id }) => id);

  it('costs a statement its deadline, and no connection answers the next one with what came late', async () => {
    // Several connections, idle when it begins.
    await Promise.all([1, 2, 3, 4].map(() => database.work().execute('select pg_sleep(0.1)')));
    proxy.fallSilent();
    const begun = performance.now();
    await expect(database.work().execute('select 1 as late')).rejects.toThrow(/timeout/i);
    expect(performance.now() - begun).toBeLessThan(20_000);
    proxy.goOn();
    expect(await database.work().execute('select 2 as fresh')).toEqual([{ fresh: 2 }]);
    expect(await Promise.all([1, 2, 3].map((n) => database.work().execute(`select ${n} as n`)))).toEqual([
      [{ n: 1 }],
      [{ n: 2 }],
      [{ n: 3 }],
    ]);
  });

  it('refuses new connections in time', async () => {
    proxy.cut();
    proxy.fallSilent();
    await expect(database.work().execute('select 1')).rejects.toThrow(/time|terminated/i);
    proxy.goOn();
    await expect(database.work().execute('select 1')).resolves.toHaveLength(1);
  });

  it('leaves a transaction whose end is not known either done or not done, and holds no row', async () => {
    await expect(
      database.transaction(async (work) => {
        await work.execute('insert into kept values (1)');
        proxy.fallSilent();
        await work.execute('insert into kept values (2)');
      }),
    ).rejects.toThrow();
    proxy.goOn();
    // The server ends what its client has left: another writer of that key does not wait for ever.
    await direct.work().execute('insert into kept values (1) on conflict do nothing');
    expect(await rows()).toEqual([1]);
    await database.transaction((work) => work.execute('insert into kept values (3)'));
    expect(await rows()).toEqual([1, 3]);
  });

  it('gives each of the pool’s places back', async () => {
    for (let round = 0; round < 3; round += 1) {
      proxy.fallSilent();
      const lost = Array.from({ length: 10 }, () =>
        database
          .transaction((work) => work.execute('select 1'))
          .then(
            () => 'answered',
            () => 'lost',
          ),
      );
      expect(new Set(await Promise.all(lost))).toEqual(new Set(['lost']));
      proxy.goOn();
    }
    const all = Array.from({ length: 10 }, () =>
      database.transaction((work) => work.execute<{ n: number }[]>('select 1 as n')),
    );
    expect(await Promise.all(all)).toEqual(Array(10).fill([{ n: 1 }]));
  });
});

import { beforeEach, expect, it } from '@jest/globals';
import type { AbstractSqlConnection } from '@mikro-orm/sql';
import { adoptMachine, type Database, Machine, migrateToLatest, openDatabase } from './index.js';
import { emptyDatabase, newId, onBothDatabases } from '../../test/support/servers/databases.js';

const MANY = 100;

onBothDatabases('transactions that come at once', (given) => {
  let database: Database;
  beforeEach(() => {
    ({ database } = given());
  });

  /** Adopts a machine, and then what a test wants to go wrong. */
  const adopt = (id: string, then: () => void = () => undefined): Promise<string> =>
    database.groupedTransaction(async (work) => {
      await adoptMachine(work, { id, name: id });
      then();
      return id;
    });
  const stored = async (ids: readonly string[]): Promise<string[]> => {
    const rows = await database.work().find(Machine, { id: { $in: [...ids] } });
    return rows.map(({ id }) => id).sort();
  };

  it('are each carried out once and give back their own values', async () => {
    const ids = Array.from({ length: MANY }, newId);
    expect(await Promise.all(ids.map((id) => adopt(id)))).toEqual(ids);
    expect(await stored(ids)).toEqual([...ids].sort());
  });

  it.each([0, 1, 17, 31, 32, 99])('take no harm from number %i, which fails', async (bad) => {
    const ids = Array.from({ length: MANY }, newId);
    const results = await Promise.allSettled(
      ids.map((id, index) =>
        adopt(id, () => {
          if (index === bad) throw new Error('this one');
        }),
      ),
    );
    expect(results.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []))).toEqual([bad]);
    expect(await stored(ids)).toEqual(ids.filter((_, index) => index !== bad).sort());
  });

  it('take no harm from one whose changes the database refuses when they are written', async () => {
    const ids = Array.from({ length: 10 }, newId);
    const refused = database.groupedTransaction(async (work) => {
      const { machine } = await adoptMachine(work, { id: newId(), name: 'refused' });
      // MikroORM looks at entities that are new, not at changes.
      machine.name = null as unknown as string;
    });
    const others = Promise.all(ids.map((id) => adopt(id)));
    await expect(refused).rejects.toThrow(/null/i);
    await others;
    expect(await stored(ids)).toEqual([...ids].sort());
    expect(await database.work().count(Machine, { name: 'refused' })).toBe(0);
  });
});

it('on SQLite, a group has one commit, and each member sees what the one before it has written', async () => {
  const { url, remove } = emptyDatabase('SQLite');
  const database = await openDatabase(url);
  try {
    await migrateToLatest(database);
    const id = newId();
    await database.transaction((work) => adoptMachine(work, { id, name: id }));
    const connection = database.orm.em.getConnection() as AbstractSqlConnection;
    const commit = connection.commit.bind(connection);
    let commits = 0;
    connection.commit = (...words) => {
      commits += 1;
      return commit(...words);
    };
    const raise = (): Promise<void> =>
      database.groupedTransaction(async (work) => {
        (await work.findOneOrFail(Machine, { id })).epoch += 1;
      });
    await Promise.all(Array.from({ length: MANY }, raise));
    expect((await database.work().findOneOrFail(Machine, { id })).epoch).toBe(MANY);
    // 100 in groups of 32.
    expect(commits).toBe(4);
  } finally {
    await database.close();
    remove();
  }
});

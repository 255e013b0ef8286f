import { expect, it } from '@jest/globals';
import { onBothDatabases } from '../../test/support/servers/databases.js';
import { waitFor } from '../../test/support/wait.js';
import { openDatabase } from './database.js';
import { storageUse } from './queries/storage.js';

const MIB = 1_048_576;

onBothDatabases("the database's room", (given) => {
  it('is refused to what can wait when less than the reserve is left, with the number and the variable', async () => {
    // More than any disk has, and a volume that is smaller than the database.
    const limits = { reserveBytes: 2 ** 50, sizeBytes: MIB };
    const tight = await openDatabase(given().url, undefined, limits);
    try {
      expect(await tight.reserve.hasRoom()).toBe(false);
      await expect(tight.reserve.require('nothing is taken')).rejects.toMatchObject({
        code: 'database.reserve',
        status: 507,
        message: expect.stringMatching(
          /^nothing is taken: the database has \d+ MiB left, and 1073741824 MiB are kept .* \(DATABASE_RESERVE_MIB\)/,
        ),
      });
      expect(await tight.reserve.note()).toContain('DATABASE_RESERVE_MIB');
    } finally {
      await tight.close();
    }
  });

  it('is there when more is left, or when nobody can say', async () => {
    const { database } = given();
    await database.reserve.require('nothing is refused');
    expect(await database.reserve.note()).toBeNull();
    const roomy = await openDatabase(given().url, undefined, { reserveBytes: 1, sizeBytes: 2 ** 50 });
    try {
      expect(await roomy.reserve.freeBytes()).toBeGreaterThan(MIB);
      expect(await roomy.reserve.hasRoom()).toBe(true);
    } finally {
      await roomy.close();
    }
  });

  it('is written to when somebody asks whether it works, and not for each who asks', async () => {
    const { database } = given();
    const writtenAt = async (): Promise<unknown> => {
      const [row] = await database
        .work()
        .execute<{ written_at: unknown }[]>('select written_at from readiness');
      return String(row?.written_at);
    };
    await database.check();
    const first = await writtenAt();
    for (let count = 0; count < 50; count += 1) await database.check();
    expect(await writtenAt()).toBe(first);
    await waitFor(async () => (await database.check(), (await writtenAt()) !== first), {
      what: 'the next write, after 10 s',
      deadlineMs: 40_000,
      everyMs: 500,
    });
  });

  it('is counted by table', async () => {
    const { bytes, tables } = await storageUse(given().database);
    expect(bytes).toBeGreaterThan(0);
    for (const table of ['machine', 'script_execution', 'machine_event'])
      expect([table, tables.get(table) ?? 0]).toEqual([table, expect.any(Number)]);
    expect(tables.get('machine')).toBeGreaterThan(0);
    expect([...tables.values()].reduce((sum, part) => sum + part, 0)).toBeLessThanOrEqual(bytes);
  });
});

import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  adoptMachine,
  claimDue,
  type Database,
  databaseNow,
  findUnwanted,
  Machine,
  returnToPending,
  ScriptExecution,
  Series,
  stopSeries,
} from '../index.js';
import { newId, onBothDatabases } from '../../../test/support/servers/databases.js';
import { every, readExecution, schedule, script } from '../../../test/support/rows/rows.js';
import { OWNER, runLife } from '../../../test/support/rows/run-life.js';

onBothDatabases("an operator's wish", (given) => {
  const { machine, claimAndDeliver, delivered, cancel, record, verdict } = runLife(given);
  let database: Database;
  let machineId: string;

  beforeEach(() => {
    ({ database } = given());
    machineId = machine();
  });

  const giveBack = async (id: string): Promise<ScriptExecution> => {
    const { epoch } = await readExecution(database, id);
    await database.transaction((work) => returnToPending(work, { id, epoch }));
    return readExecution(database, id);
  };
  const claim = (): Promise<ScriptExecution[]> =>
    claimDue(database.work(), { machineId, owner: OWNER, capacity: 10 });
  const repeating = async (more: object = {}): Promise<ScriptExecution> => {
    const [row] = await schedule(database, { machineId, rule: every(60, new Date(), more) });
    return row!;
  };
  const rowsOf = (seriesId: string | null): Promise<ScriptExecution[]> =>
    database.work().find(ScriptExecution, { seriesId }, { orderBy: { slot: 'asc' } });
  const unwanted = async (of = machineId): Promise<string[]> =>
    (await findUnwanted(database.work())).flatMap((row) => (row.machineId === of ? [row.id] : []));
  const stop = (seriesId: string | null): Promise<unknown> =>
    database.transaction((work) => stopSeries(work, seriesId!));

  describe('that a run end', () => {
    it('ends it where it would have gone back, and its series goes on', async () => {
      const row = await repeating();
      await claimAndDeliver();
      await cancel(row.id);
      expect(await giveBack(row.id)).toMatchObject({ status: 'CANCELLED', leaseOwner: null });
      expect((await rowsOf(row.seriesId)).map(({ status }) => status)).toEqual(['CANCELLED', 'PENDING']);
    });

    it('ends one that was claimed and not delivered at once', async () => {
      const [row] = await schedule(database, { machineId });
      await claim();
      expect(await cancel(row!.id)).toMatchObject({ status: 'CANCELLED', leaseOwner: null });
    });

    it('keeps a row from being handed out, whoever has left it so', async () => {
      const [row] = await schedule(database, { machineId });
      const now = await databaseNow(database.work());
      await database.work().nativeUpdate(ScriptExecution, { id: row!.id }, { cancelRequestedAt: now });
      expect(await claim()).toEqual([]);
    });

    it('is found by any sweep where it was left', async () => {
      const [row] = await schedule(database, { machineId });
      const now = await databaseNow(database.work());
      await database.work().nativeUpdate(ScriptExecution, { id: row!.id }, { cancelRequestedAt: now });
      expect(await unwanted()).toEqual([row!.id]);
    });

    it('ends it where it would have been tried again', async () => {
      const scriptId = await script(database, 'true', { maxAttempts: 5, safe: true });
      const lost = await delivered({ scriptId });
      await cancel(lost.id);
      expect(await verdict(lost.id, 'FAILED')).toBe('CANCELLED');
    });
  });

  describe('that a series stop', () => {
    it('ends the run that is out where it would have gone back', async () => {
      const row = await repeating();
      await claimAndDeliver();
      await stop(row.seriesId);
      expect((await readExecution(database, row.id)).status).toBe('RUNNING');
      expect(await giveBack(row.id)).toMatchObject({ status: 'CANCELLED' });
      expect(await rowsOf(row.seriesId)).toHaveLength(1);
    });

    it('ends one that was claimed and not delivered at once', async () => {
      const row = await repeating();
      await claim();
      await stop(row.seriesId);
      expect(await readExecution(database, row.id)).toMatchObject({ status: 'CANCELLED', leaseOwner: null });
    });

    it('keeps its row from being handed out, whoever has left it so', async () => {
      const row = await repeating();
      const now = await databaseNow(database.work());
      await database.work().nativeUpdate(Series, { id: row.seriesId! }, { stoppedAt: now });
      expect(await claim()).toEqual([]);
      expect(await unwanted()).toEqual([row.id]);
    });

    it('is stronger than late truth about the failure that had stopped it before', async () => {
      const row = await repeating({ stopOnFailure: true });
      await claimAndDeliver();
      await verdict(row.id, 'TIMEOUT');
      await stop(row.seriesId);
      expect(await record({ executionId: row.id })).toBe('late');
      expect(await rowsOf(row.seriesId)).toHaveLength(1);
    });
  });

  it('is not lost with a machine that comes back under its id', async () => {
    const id = newId();
    await database.transaction((work) => adoptMachine(work, { id, name: 'vm' }));
    const [row] = await schedule(database, { machineId: id, rule: every(60) });
    await database.work().nativeDelete(Machine, { id });
    expect(await unwanted(id)).toEqual([row!.id]);
    await database.work().nativeUpdate(ScriptExecution, { id: row!.id }, { status: 'RUNNING' });
    expect(await unwanted(id)).toEqual([row!.id]);
    expect(await giveBack(row!.id)).toMatchObject({ status: 'CANCELLED' });
    expect(await rowsOf(row!.seriesId)).toHaveLength(1);
  });
});

import { beforeEach, expect, it } from '@jest/globals';
import { claimDue, type Database, endByVerdict, recordDelivery } from '../index.js';
import { onBothDatabases } from '../../../test/support/servers/databases.js';
import { readExecution, schedule } from '../../../test/support/rows/rows.js';
import { OWNER, runLife } from '../../../test/support/rows/run-life.js';

onBothDatabases('cancelling', (given) => {
  const { machine, delivered, cancel, record } = runLife(given);
  let database: Database;
  let machineId: string;

  beforeEach(() => {
    ({ database } = given());
    machineId = machine();
  });

  it('ends a PENDING row at once', async () => {
    const [row] = await schedule(database, { machineId });
    expect(await cancel(row!.id)).toMatchObject({ status: 'CANCELLED' });
    expect(await claimDue(database.work(), { machineId, owner: OWNER, capacity: 5 })).toEqual([]);
    expect((await readExecution(database, row!.id)).completedAt).toBeInstanceOf(Date);
  });

  it('only asks for the end of a RUNNING row, once', async () => {
    const { id } = await delivered();
    expect(await cancel(id)).toMatchObject({ status: 'RUNNING' });
    const asked = (await readExecution(database, id)).cancelRequestedAt;
    expect(asked).toBeInstanceOf(Date);
    await cancel(id);
    expect((await readExecution(database, id)).cancelRequestedAt).toEqual(asked);
    expect(await record({ executionId: id, status: 'CANCELLED', exitCode: null, signal: 15 })).toBe(
      'recorded',
    );
    expect(await cancel(id)).toBe('final');
  });

  it('keeps a late result of a cancelled row as evidence', async () => {
    const { id } = await delivered();
    await cancel(id);
    await database.transaction((work) =>
      endByVerdict(work, { id, status: 'CANCELLED', failureReason: null, error: 'cancelled' }),
    );
    expect(await record({ executionId: id, stdout: 'too late' })).toBe('evidence');
    expect(await readExecution(database, id)).toMatchObject({
      status: 'CANCELLED',
      stdout: 'too late',
      exitCode: 0,
    });
    expect(await record({ executionId: id, stdout: 'again' })).toBe('duplicate');
    expect((await readExecution(database, id)).stdout).toBe('too late');
  });

  it('gives one final state when a cancel and a claim meet', async () => {
    const rows = await schedule(database, ...Array.from({ length: 8 }, () => ({ machineId })));
    const [claimed] = await Promise.all([
      claimDue(database.work(), { machineId, owner: OWNER, capacity: 8 }),
      ...rows.map(({ id }) => cancel(id)),
    ]);
    for (const { id } of rows) {
      const { status, cancelRequestedAt } = await readExecution(database, id);
      expect([status, cancelRequestedAt !== null]).toEqual(['CANCELLED', true]);
    }
    // What was claimed a moment before goes out nevertheless nowhere.
    for (const row of claimed) expect(await recordDelivery(database.work(), row, OWNER)).toBe(false);
  });
});

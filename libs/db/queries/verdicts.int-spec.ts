import { beforeEach, describe, expect, it } from '@jest/globals';
import { claimDue, type Database, findOverdue, returnToPending } from '../index.js';
import { dialectOf } from '../sql.js';
import { onBothDatabases } from '../../../test/support/servers/databases.js';
import { readExecution, schedule } from '../../../test/support/rows/rows.js';
import { OWNER, runLife } from '../../../test/support/rows/run-life.js';

onBothDatabases('a verdict without news', (given) => {
  const { machine, delivered, verdict } = runLife(given);
  let database: Database;
  let machineId: string;

  beforeEach(() => {
    ({ database } = given());
    machineId = machine();
  });

  const age = (id: string, column: string, seconds: number): Promise<unknown> => {
    const work = database.work();
    return work.execute(
      `update script_execution set ${column} = ${dialectOf(work).nowPlusSeconds} where id = ?`,
      [-seconds, id],
    );
  };

  it('lets a verdict of an older epoch change nothing', async () => {
    const row = await delivered();
    await database.transaction((work) => returnToPending(work, row));
    expect(await verdict(row.id, 'FAILED', row.epoch)).toBeNull();
    expect((await readExecution(database, row.id)).status).toBe('PENDING');
  });

  describe('what a sweep finds', () => {
    const found = async (id: string): Promise<unknown> =>
      (await findOverdue(database.work(), 60)).find((row) => row.id === id);

    it('leaves a run alone until its deadline and the grace after it have passed', async () => {
      const { id } = await delivered();
      await age(id, 'started_at', 655);
      expect(await found(id)).toBeUndefined();
      await age(id, 'started_at', 665);
      expect(await found(id)).toMatchObject({ status: 'FAILED', failureReason: 'AGENT_LOST' });
      await database.work().execute('update script_execution set start_confirmed = true where id = ?', [id]);
      expect(await found(id)).toMatchObject({ status: 'TIMEOUT', failureReason: null });
    });

    it('finds a PENDING row whose deliverBy has passed', async () => {
      const [row] = await schedule(database, { machineId });
      expect(await found(row!.id)).toBeUndefined();
      await age(row!.id, 'deliver_by', 1);
      expect(await found(row!.id)).toMatchObject({ status: 'FAILED', failureReason: 'EXPIRED' });
    });

    it('finds a cancelled run that its agent does not confirm', async () => {
      const { id } = await delivered();
      await age(id, 'cancel_requested_at', 30);
      expect(await found(id)).toBeUndefined();
      await age(id, 'cancel_requested_at', 61);
      expect(await found(id)).toMatchObject({ status: 'CANCELLED' });
    });

    it('never finds a claimed row that was not delivered: it goes back instead', async () => {
      const [row] = await schedule(database, { machineId });
      await claimDue(database.work(), { machineId, owner: OWNER, capacity: 1 });
      await age(row!.id, 'started_at', 100_000);
      expect(await found(row!.id)).toBeUndefined();
    });
  });
});

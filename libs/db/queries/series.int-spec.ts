import { beforeEach, expect, it } from '@jest/globals';
import { isOpen } from '#protocol';
import {
  claimDue,
  type Database,
  endByVerdict,
  findOverdue,
  recordCompletion,
  recordDelivery,
  requestCancel,
  ScriptExecution,
  Series,
  stopSeries,
} from '../index.js';
import { dialectOf } from '../sql.js';
import { newId, onBothDatabases } from '../../../test/support/servers/databases.js';
import {
  completion,
  every,
  machineWithLease,
  readExecution,
  schedule,
} from '../../../test/support/rows/rows.js';

const OWNER = 'host-a#1';
const MINUTE = 60_000;

onBothDatabases('a repeating schedule', (given) => {
  let database: Database;
  let machineId: string;

  beforeEach(async () => {
    ({ database } = given());
    machineId = await machineWithLease(database, OWNER);
  });

  const rowsOf = (seriesId: string): Promise<ScriptExecution[]> =>
    database.work().find(ScriptExecution, { seriesId }, { orderBy: { slot: 'asc' } });
  const complete = (executionId: string): Promise<unknown> =>
    database.transaction((work) => recordCompletion(work, completion({ machineId, executionId })));
  const claim = async (): Promise<void> => {
    const rows = await claimDue(database.work(), { machineId, owner: OWNER, capacity: 10 });
    for (const row of rows) await recordDelivery(database.work(), row, OWNER);
  };

  it('inserts the next run on the grid in the transaction that ends one, whoever ends it', async () => {
    const first = new Date(Date.now() - 12.5 * MINUTE);
    const [row] = await schedule(database, { machineId, rule: every(5, first) });
    await claim();
    await complete(row!.id);
    const [ended, next, ...rest] = await rowsOf(row!.seriesId!);
    expect(rest).toEqual([]);
    expect(ended).toMatchObject({ status: 'SUCCESS', slot: 0, executionCount: 1 });
    // Two runs were missed and become this one; the grid goes on where it would be: never "end + interval".
    expect(next).toMatchObject({
      status: 'PENDING',
      slot: 3,
      executionCount: 1,
      executionType: 'SCHEDULED',
      attempt: 1,
    });
    expect(next!.scheduledFor.getTime()).toBe(row!.scheduledFor.getTime() + 15 * MINUTE);
    expect(next!.lastExecutedAt).toEqual(ended!.startedAt);
  });

  it('goes on after a run that failed, was cancelled or expired', async () => {
    for (const end of ['FAILED', 'CANCELLED', 'EXPIRED'] as const) {
      const [row] = await schedule(database, { machineId, rule: every(1) });
      if (end === 'CANCELLED') await database.transaction((work) => requestCancel(work, row!.id));
      else {
        const failureReason = end === 'EXPIRED' ? 'EXPIRED' : 'AGENT_LOST';
        await database.transaction((work) =>
          endByVerdict(work, { id: row!.id, status: 'FAILED', failureReason, error: 'test' }),
        );
      }
      const rows = await rowsOf(row!.seriesId!);
      expect(rows.map(({ status }) => status)).toEqual([
        end === 'CANCELLED' ? 'CANCELLED' : 'FAILED',
        'PENDING',
      ]);
      // What never ran is no run.
      expect(rows[1]!.executionCount).toBe(0);
    }
  });

  it('ends after maxExecutions runs', async () => {
    const [row] = await schedule(database, { machineId, rule: every(1), maxExecutions: 2 });
    for (let run = 0; run < 2; run += 1) {
      const work = database.work();
      await work.execute(
        `update script_execution set scheduled_for = ${dialectOf(work).now} where series_id = ? and status = 'PENDING'`,
        [row!.seriesId],
      );
      await claim();
      const open = (await rowsOf(row!.seriesId!)).find(({ status }) => status === 'RUNNING');
      await complete(open!.id);
    }
    const rows = await rowsOf(row!.seriesId!);
    expect(rows.map(({ status }) => status)).toEqual(['SUCCESS', 'SUCCESS']);
    expect(rows[1]).toMatchObject({ executionCount: 2, maxExecutions: 2 });
    expect(await database.work().findOneOrFail(Series, { id: row!.seriesId! })).toMatchObject({
      executionCount: 2,
      stopReason: 'maxExecutions',
    });
  });

  it('does not insert a second next run for a late result or a duplicate', async () => {
    const [row] = await schedule(database, { machineId, rule: every(1) });
    await claim();
    await database.transaction((work) =>
      endByVerdict(work, { id: row!.id, status: 'TIMEOUT', failureReason: null, error: 'no word' }),
    );
    expect(await complete(row!.id)).toBe('late');
    expect(await complete(row!.id)).toBe('duplicate');
    expect(await rowsOf(row!.seriesId!)).toHaveLength(2);
  });

  it('stops: the pending run is cancelled, a running one ends as it does, and none follows', async () => {
    const [pending] = await schedule(database, {
      machineId,
      rule: every(1, new Date(Date.now() + MINUTE)),
    });
    expect(await database.transaction((work) => stopSeries(work, pending!.seriesId!))).toEqual([pending!.id]);
    expect(await readExecution(database, pending!.id)).toMatchObject({ status: 'CANCELLED' });

    const [running] = await schedule(database, { machineId, rule: every(1) });
    await claim();
    expect(await database.transaction((work) => stopSeries(work, running!.seriesId!))).toEqual([]);
    await complete(running!.id);
    expect((await rowsOf(running!.seriesId!)).map(({ status }) => status)).toEqual(['SUCCESS']);
    expect(await database.transaction((work) => stopSeries(work, newId()))).toBeNull();
  });

  it('leaves no open run behind when stops, cancels and ends of its runs meet', async () => {
    for (let round = 0; round < 10; round += 1) {
      const [row] = await schedule(database, { machineId, rule: every(1) });
      const seriesId = row!.seriesId!;
      if (round % 2 === 0) await claim();
      await Promise.all([
        database.transaction((work) => requestCancel(work, row!.id)),
        database.transaction((work) => stopSeries(work, seriesId)),
        complete(row!.id),
        database.transaction((work) =>
          endByVerdict(work, { id: row!.id, status: 'FAILED', failureReason: 'AGENT_LOST', error: 'test' }),
        ),
      ]);
      const open = (await rowsOf(seriesId)).filter(({ status }) => isOpen(status));
      expect(open).toEqual([]);
    }
  });

  it('ends with its first failure when it is asked to, and goes on when the failure was none', async () => {
    const verdict = { status: 'FAILED', failureReason: 'AGENT_LOST', error: 'no word' } as const;
    const rule = every(1, new Date(), { stopOnFailure: true });
    const [row] = await schedule(database, { machineId, rule });
    const seriesId = row!.seriesId!;
    await claim();
    await database.transaction((work) => endByVerdict(work, { id: row!.id, ...verdict }));
    expect(await rowsOf(seriesId)).toHaveLength(1);
    expect(await database.work().findOneOrFail(Series, { id: seriesId })).toMatchObject({
      stopReason: 'stopOnFailure',
    });
    expect(await complete(row!.id)).toBe('late');
    expect((await rowsOf(seriesId)).map(({ status }) => status)).toEqual(['SUCCESS', 'PENDING']);
    expect(await database.work().findOneOrFail(Series, { id: seriesId })).toMatchObject({
      stoppedAt: null,
      stopReason: null,
    });
  });

  it('that stops on failure is not ended by a run that expired or was cancelled', async () => {
    for (const end of ['cancel', 'expire'] as const) {
      const [row] = await schedule(database, {
        machineId,
        rule: every(1, new Date(), { stopOnFailure: true }),
      });
      await database.transaction<unknown>((work) =>
        end === 'cancel'
          ? requestCancel(work, row!.id)
          : endByVerdict(work, { id: row!.id, status: 'FAILED', failureReason: 'EXPIRED', error: 'test' }),
      );
      expect(await rowsOf(row!.seriesId!)).toHaveLength(2);
    }
  });

  it('makes good every missed run under missedRuns all, one after the other', async () => {
    const first = new Date(Date.now() - 4.5 * MINUTE);
    const [row] = await schedule(database, { machineId, rule: every(1, first, { missedRuns: 'all' }) });
    for (let run = 0; run < 5; run += 1) {
      await claim();
      const running = (await rowsOf(row!.seriesId!)).filter(({ status }) => status === 'RUNNING');
      expect(running.map(({ slot }) => slot)).toEqual([run]);
      await complete(running[0]!.id);
    }
    await claim();
    const rows = await rowsOf(row!.seriesId!);
    expect(rows.map(({ status }) => status)).toEqual([...Array<string>(5).fill('SUCCESS'), 'PENDING']);
  });

  it('does not run late under missedRuns skip', async () => {
    const first = new Date(Date.now() - 4.5 * MINUTE);
    const rule = every(60, first, { missedRuns: 'skip', missedWindowMinutes: 4 });
    const [row] = await schedule(database, { machineId, rule });
    await claim();
    expect((await readExecution(database, row!.id)).status).toBe('PENDING');
    const overdue = await findOverdue(database.work(), 60);
    expect(overdue).toContainEqual(expect.objectContaining({ id: row!.id, failureReason: 'EXPIRED' }));
  });

  it('never has two rows of one slot', async () => {
    const [row] = await schedule(database, { machineId, rule: every(1) });
    await claim();
    await Promise.all(Array.from({ length: 6 }, () => complete(row!.id)));
    const slots = (await rowsOf(row!.seriesId!)).map(({ slot }) => slot);
    expect(new Set(slots).size).toBe(slots.length);
    expect(slots).toHaveLength(2);
    await expect(
      database.work().execute(
        `insert into script_execution (id, script_id, script_version, machine_id, execution_type, status, series_id, slot, "order", scheduled_for, execution_count,
           input_values, timeout_seconds, attempt, epoch, start_confirmed, stdout_bytes, stderr_bytes, truncated, triggered_by, created_at, updated_at)
         select ?, script_id, script_version, machine_id, execution_type, status, series_id, slot, "order", scheduled_for, execution_count,
           input_values, timeout_seconds, attempt, epoch, start_confirmed, stdout_bytes, stderr_bytes, truncated, triggered_by, created_at, updated_at
         from script_execution where id = ?`,
        [newId(), row!.id],
      ),
    ).rejects.toThrow(/unique/i);
  });
});

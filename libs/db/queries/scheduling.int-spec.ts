import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { Machine, ScriptExecution, Series, toExecutionDto } from '#db';
import { every, schedule } from '../../../test/support/rows/rows.js';
import { copyRow, statementsOf } from '../../../test/support/rows/statements.js';
import { onBothDatabases } from '../../../test/support/servers/databases.js';
import { adoptMachine } from './machines.js';
import { type NewExecution, scheduleExecutions } from './scheduling.js';

onBothDatabases('scheduling', (given) => {
  const machines = async (count: number): Promise<string[]> => {
    const { database } = given();
    const id = randomUUID();
    await database.transaction((work) => adoptMachine(work, { id, name: id, os: 'linux' }));
    await copyRow(database, 'machine', id, count - 1);
    return (await database.work().find(Machine, { name: id })).map((machine) => machine.id);
  };
  const common: Omit<NewExecution, 'machineId'> = {
    scriptId: randomUUID(),
    scriptVersion: 3,
    scheduledFor: null,
    inputValues: { name: `it's "${'${'}x}" \\ ? :a ünï \u{1F600}`, count: 3, on: false },
    timeoutSeconds: 60,
    runAs: 'postgres',
    triggeredBy: "o'neil",
  };

  it('stores what it returns, rows of one request in their order', async () => {
    const { database } = given();
    const ids = await machines(3);
    const rule = every(5, new Date('2030-01-01T00:00:00.500Z'), { missedRuns: 'skip', jitterSeconds: 30 });
    const rows = await schedule(
      database,
      ...ids.map((machineId, index) => ({
        ...common,
        machineId,
        ...(index === 1 ? { rule, maxExecutions: 7 } : {}),
        ...(index === 2
          ? { runAs: null, inputValues: {}, scheduledFor: new Date('2031-01-01T00:00:00Z') }
          : {}),
      })),
    );
    const read = await database
      .work()
      .find(ScriptExecution, { machineId: { $in: ids } }, { orderBy: { createdAt: 'asc' } });
    expect(read.map(toExecutionDto)).toEqual(rows.map(toExecutionDto));
    expect(read.map(({ machineId }) => machineId)).toEqual(ids);
    const series = await database.work().findOneOrFail(Series, { id: rows[1]?.seriesId ?? '' });
    expect(series).toMatchObject({ rule, maxExecutions: 7, executionCount: 0, stoppedAt: null });
  });

  it('asks the database no more often for twice as many machines, up to what a statement holds', async () => {
    const { database } = given();
    const statements = async (count: number): Promise<number> => {
      const ids = await machines(count);
      const rows = ids.map((machineId) => ({ ...common, machineId, rule: every(5) }));
      const asked = await statementsOf(database, () =>
        database.transaction((work) => scheduleExecutions(work, rows)),
      );
      return asked.length;
    };
    const [few, twice, many] = [await statements(100), await statements(200), await statements(1000)];
    expect(twice).toBe(few);
    expect(many).toBeLessThanOrEqual(4 * few);
  });
});

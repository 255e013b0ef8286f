import { beforeEach, expect, it } from '@jest/globals';
import { type Database, saveLiveOutput } from '../index.js';
import { onBothDatabases } from '../../../test/support/servers/databases.js';
import { readExecution } from '../../../test/support/rows/rows.js';
import { runLife } from '../../../test/support/rows/run-life.js';

onBothDatabases('live output', (given) => {
  const { machine, delivered, record } = runLife(given);
  let database: Database;
  let machineId: string;

  beforeEach(() => {
    ({ database } = given());
    machineId = machine();
  });

  it('takes live output of the running attempt only', async () => {
    const { id } = await delivered();
    const piece = {
      machineId,
      executionId: id,
      attempt: 1,
      stdout: 'so far',
      stderr: '',
      stdoutBytes: 6,
      stderrBytes: 0,
      truncated: false,
    };
    expect(await saveLiveOutput(database.work(), piece)).toBe(true);
    expect((await readExecution(database, id)).stdout).toBe('so far');
    await record({ executionId: id, stdout: 'all of it' });
    expect(await saveLiveOutput(database.work(), piece)).toBe(false);
    expect((await readExecution(database, id)).stdout).toBe('all of it');
  });
});

import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  claimDue,
  type Database,
  recordStarted,
  requestCancel,
  returnToPending,
  saveLiveOutput,
} from '../index.js';
import { storable } from '#protocol';
import { dialectOf } from '../sql.js';
import { newId, onBothDatabases } from '../../../test/support/servers/databases.js';
import { readExecution } from '../../../test/support/rows/rows.js';
import { OWNER, runLife } from '../../../test/support/rows/run-life.js';

onBothDatabases('the end of a run', (given) => {
  const { machine, delivered, record, verdict } = runLife(given);
  let database: Database;
  let machineId: string;

  beforeEach(() => {
    ({ database } = given());
    machineId = machine();
  });

  it('records what the guest observed', async () => {
    const { id } = await delivered();
    expect(await record({ executionId: id, exitCode: 0 })).toBe('recorded');
    const row = await readExecution(database, id);
    expect(row).toMatchObject({
      status: 'SUCCESS',
      exitCode: 0,
      stdout: 'hello\n',
      stdoutBytes: 6,
      bootId: 'boot-1',
      leaseOwner: null,
      executionCount: 1,
    });
    expect(row.completedAt).toBeInstanceOf(Date);
    expect(row.completedAt!.getTime()).toBeGreaterThanOrEqual(row.startedAt!.getTime());
  });

  it.each([
    ['a negative exit code', -1],
    ['the largest 32-bit exit code', 2 ** 31 - 1],
    ["Windows' unsigned exit code", 0xc0000005],
  ])('keeps %s', async (_name, exitCode) => {
    const { id } = await delivered();
    await record({ executionId: id, status: 'FAILED', failureReason: 'EXIT_CODE', exitCode });
    expect((await readExecution(database, id)).exitCode).toBe(exitCode);
  });

  it('says of a duplicate that it is one, and changes nothing', async () => {
    const { id } = await delivered();
    await record({ executionId: id });
    const first = await readExecution(database, id);
    expect(await record({ executionId: id, exitCode: 9, status: 'FAILED', stdout: 'other' })).toBe(
      'duplicate',
    );
    expect(await readExecution(database, id)).toEqual(first);
  });

  it("changes nothing for another machine's completion", async () => {
    const { id } = await delivered();
    expect(await record({ executionId: id, machineId: newId() })).toBe('foreign');
    expect((await readExecution(database, id)).status).toBe('RUNNING');
  });

  it.each([
    ['an id that nobody has', '11111111-2222-4333-8444-555555555555'],
    ['no id at all', ''],
    ['dashes', '-'.repeat(36)],
    ['SQL', `' or 1=1 --`],
    ['36 characters that are no UUID', 'abcdef-'.repeat(6).slice(0, 36)],
    ['NUL', '\0'.repeat(36)],
  ])('takes %s for unknown', async (_name, executionId) => {
    expect(await record({ executionId })).toBe('unknown');
    expect(await recordStarted(database.work(), { machineId, executionId, attempt: 1, bootId: null })).toBe(
      false,
    );
    const output = { stdout: '', stderr: '', stdoutBytes: 0, stderrBytes: 0, truncated: false };
    expect(await saveLiveOutput(database.work(), { machineId, executionId, attempt: 1, ...output })).toBe(
      false,
    );
    expect(await database.transaction((work) => requestCancel(work, executionId))).toBeNull();
  });

  it('takes an attempt that was never made for unknown', async () => {
    const { id } = await delivered();
    expect(await record({ executionId: id, attempt: 2 })).toBe('unknown');
  });

  it('records one of many completions that arrive at once', async () => {
    const { id } = await delivered();
    const results = await Promise.all(
      Array.from({ length: 6 }, (_, exitCode) => record({ executionId: id, exitCode })),
    );
    expect(results.filter((result) => result === 'recorded')).toHaveLength(1);
    expect(results.filter((result) => result === 'duplicate')).toHaveLength(5);
  });

  it('counts also when the row was given back meanwhile: what was observed is a fact', async () => {
    const row = await delivered();
    await database.transaction((work) => returnToPending(work, row));
    expect(await record({ executionId: row.id })).toBe('recorded');
    expect(await claimDue(database.work(), { machineId, owner: OWNER, capacity: 5 })).toEqual([]);
  });

  it('stores text that no database takes as it is', async () => {
    const { id } = await delivered();
    const hostile = storable(`a\0b\uD800c ${'𝄞'.repeat(3)} \u001B[31m`);
    await record({ executionId: id, stdout: hostile, stderr: hostile });
    const row = await readExecution(database, id);
    expect(row.stdout).toBe('a\uFFFDb\uFFFDc 𝄞𝄞𝄞 \u001B[31m');
    expect(row.stderr).toBe(row.stdout);
  });

  describe('after a verdict without news', () => {
    it.each(['TIMEOUT', 'FAILED'] as const)('lets the truth replace %s', async (status) => {
      const { id } = await delivered();
      expect(await verdict(id, status)).toBe(status);
      expect(await record({ executionId: id })).toBe('late');
      expect(await readExecution(database, id)).toMatchObject({
        status: 'SUCCESS',
        failureReason: null,
        error: null,
      });
      expect(await record({ executionId: id })).toBe('duplicate');
    });

    it("keeps an agent's own TIMEOUT", async () => {
      const { id } = await delivered();
      await record({ executionId: id, status: 'TIMEOUT', exitCode: null, durationMs: 600_000 });
      expect(await record({ executionId: id })).toBe('duplicate');
      expect((await readExecution(database, id)).status).toBe('TIMEOUT');
    });

    it('lets an older attempt end a row whose next attempt is not out yet, and only then', async () => {
      const { id } = await delivered();
      const nextAttempt = (status: string, out: boolean): Promise<unknown> => {
        const work = database.work();
        return work.execute(
          `update script_execution set attempt = 2, status = ?, delivery_started_at = ${out ? dialectOf(work).now : 'null'} where id = ?`,
          [status, id],
        );
      };
      await nextAttempt('RUNNING', true);
      expect(await record({ executionId: id, attempt: 1 })).toBe('stale');
      await nextAttempt('PENDING', false);
      expect(await record({ executionId: id, attempt: 1 })).toBe('recorded');
    });
  });

  it('confirms the start of the attempt that is out, and of no other', async () => {
    const { id } = await delivered();
    const started = { machineId, executionId: id, attempt: 1, bootId: 'boot-7' };
    expect(await recordStarted(database.work(), { ...started, attempt: 2 })).toBe(false);
    expect(await recordStarted(database.work(), { ...started, machineId: newId() })).toBe(false);
    expect((await readExecution(database, id)).startConfirmed).toBe(false);
    expect(await recordStarted(database.work(), started)).toBe(true);
    const first = await readExecution(database, id);
    expect(first).toMatchObject({ startConfirmed: true, bootId: 'boot-7' });
    // An agent says it again after a reconnect: the run did not begin again.
    await recordStarted(database.work(), started);
    expect((await readExecution(database, id)).startedAt).toEqual(first.startedAt);
  });
});

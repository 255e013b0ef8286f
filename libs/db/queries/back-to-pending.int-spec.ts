import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  claimDue,
  type CompletionResult,
  type Database,
  recordDelivery,
  requestCancel,
  type ScriptExecution,
} from '../index.js';
import { onBothDatabases } from '../../../test/support/servers/databases.js';
import { readExecution, schedule, script } from '../../../test/support/rows/rows.js';
import { OWNER, runLife } from '../../../test/support/rows/run-life.js';

onBothDatabases('a run that begins again', (given) => {
  const { machine, claimAndDeliver, delivered, cancel, record, verdict } = runLife(given);
  let database: Database;
  let machineId: string;

  beforeEach(() => {
    ({ database } = given());
    machineId = machine();
  });

  describe('a run that was lost', () => {
    const lost = {
      status: 'FAILED',
      failureReason: 'INTERRUPTED_BY_REBOOT',
      exitCode: -1,
      error: 'the machine restarted while the script ran',
      durationMs: 0,
    } as const;
    const retried = async (maxAttempts: number): Promise<ScriptExecution> => {
      const scriptId = await script(database, 'echo again', { maxAttempts, safe: true });
      return delivered({ scriptId });
    };

    it('begins again where its script says that this does no harm, as often as it allows', async () => {
      const { id } = await retried(2);
      expect(await record({ executionId: id, ...lost })).toBe('retry');
      expect(await readExecution(database, id)).toMatchObject({
        status: 'PENDING',
        attempt: 2,
        epoch: 1,
        startedAt: null,
        deliveryStartedAt: null,
        bootId: null,
      });
      // Said again because its ack was lost, it is no second loss.
      expect(await record({ executionId: id, ...lost })).toBe('duplicate');
      expect((await readExecution(database, id)).attempt).toBe(2);
      await claimAndDeliver();
      expect(await record({ executionId: id, ...lost })).toBe('stale');
      expect(await record({ executionId: id, attempt: 2, ...lost })).toBe('recorded');
      expect(await readExecution(database, id)).toMatchObject({
        status: 'FAILED',
        failureReason: 'INTERRUPTED_BY_REBOOT',
        attempt: 2,
      });
    });

    it('begins again after our own verdict too, and a result of the lost attempt that comes first ends it', async () => {
      const { id } = await retried(3);
      expect(await verdict(id, 'FAILED')).toBe('PENDING');
      expect(await record({ executionId: id, attempt: 1 })).toBe('recorded');
      expect(await readExecution(database, id)).toMatchObject({ status: 'SUCCESS', exitCode: 0 });
    });

    it('fails without that promise, when it failed by itself, and when its end was asked for', async () => {
      const plain = await delivered({ scriptId: await script(database) });
      expect(await verdict(plain.id, 'FAILED')).toBe('FAILED');
      const failed = await retried(5);
      expect(
        await record({ executionId: failed.id, status: 'FAILED', failureReason: 'EXIT_CODE', exitCode: 3 }),
      ).toBe('recorded');
      const timedOut = await retried(5);
      expect(await verdict(timedOut.id, 'TIMEOUT')).toBe('TIMEOUT');
      const cancelled = await retried(5);
      await cancel(cancelled.id);
      expect(await verdict(cancelled.id, 'FAILED')).toBe('CANCELLED');
    });
  });

  describe('a script that asks for a restart', () => {
    const boot = (bootId: string): Promise<unknown> =>
      database.work().execute('update machine set boot_id = ? where id = ?', [bootId, machineId]);
    const claim = (): ReturnType<typeof claimDue> =>
      claimDue(database.work(), { machineId, owner: OWNER, capacity: 10 });
    const asks = (executionId: string, attempt: number, bootId: string): Promise<CompletionResult> =>
      record({
        executionId,
        attempt,
        bootId,
        status: 'FAILED',
        failureReason: 'EXIT_CODE',
        exitCode: 194,
        wantsReboot: true,
        ...{ stdout: `of attempt ${attempt}`, stdoutBytes: 12 },
      });

    it('goes on in the next boot, and until then the machine takes nothing', async () => {
      await boot('boot-1');
      const { id } = await delivered();
      const [other] = await schedule(database, { machineId });
      expect(await asks(id, 1, 'boot-1')).toBe('reboot');
      expect(await readExecution(database, id)).toMatchObject({
        status: 'PENDING',
        attempt: 2,
        bootId: 'boot-1',
        startedAt: null,
        deliveryStartedAt: null,
        completedAt: null,
        // Readable until the next attempt prints.
        ...{ stdout: 'of attempt 1', stdoutBytes: 12 },
      });
      expect(await claim()).toEqual([]);
      // The ack was lost: the same answer, and no other row.
      expect(await asks(id, 1, 'boot-1')).toBe('reboot');
      expect((await readExecution(database, id)).attempt).toBe(2);
      await boot('boot-2');
      expect((await claim()).map((row) => row.id)).toEqual([id, other!.id]);
      // Also then, what the first attempt said ends nothing.
      expect(await asks(id, 1, 'boot-1')).toBe('reboot');
      expect((await readExecution(database, id)).status).toBe('RUNNING');
      expect(await record({ executionId: id, attempt: 2, bootId: 'boot-2' })).toBe('recorded');
      expect(await readExecution(database, id)).toMatchObject({ status: 'SUCCESS', attempt: 2 });
    });

    it('restarts its machine ten times and not once more', async () => {
      await boot('boot-0');
      const [row] = await schedule(database, { machineId });
      const id = row!.id;
      for (let attempt = 1; attempt <= 11; attempt += 1) {
        await boot(`boot-${attempt}`);
        const claimed = await claim();
        expect(claimed.map((one) => one.id)).toEqual([id]);
        await recordDelivery(database.work(), claimed[0]!, OWNER);
        expect(await asks(id, attempt, `boot-${attempt}`)).toBe(attempt <= 10 ? 'reboot' : 'recorded');
      }
      expect(await readExecution(database, id)).toMatchObject({
        status: 'FAILED',
        failureReason: 'REBOOT_LIMIT',
        exitCode: 194,
      });
    });

    it('is not run again once it was cancelled', async () => {
      await boot('boot-1');
      const { id } = await delivered();
      await database.transaction((work) => requestCancel(work, id));
      expect(await asks(id, 1, 'boot-1')).toBe('unwanted');
      // What it had done until then is shown.
      expect(await readExecution(database, id)).toMatchObject({
        status: 'CANCELLED',
        failureReason: null,
        exitCode: 194,
        attempt: 1,
      });
      expect(await asks(id, 1, 'boot-1')).toBe('duplicate');
    });
  });
});

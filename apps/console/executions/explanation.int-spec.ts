import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  claimDue,
  type Database,
  endByVerdict,
  Host,
  Machine,
  recordCompletion,
  recordDelivery,
  ScriptExecution,
} from '#db';
import { startConsole, type TestConsole } from '../../../test/support/apps/console.js';
import { onBothDatabases } from '../../../test/support/servers/databases.js';
import { completion, machineWithLease, schedule } from '../../../test/support/rows/rows.js';

const OWNER = 'host-a#1';

onBothDatabases('an execution is explained:', (given) => {
  let server: TestConsole;
  let database: Database;
  let machineId: string;

  beforeAll(async () => {
    server = await startConsole(given().url);
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    ({ database } = given());
    machineId = await machineWithLease(database, OWNER);
  });

  const explain = async (id: string): Promise<Record<string, unknown>> =>
    (await server.request('GET', `/api/executions/${id}/explanation`)).body;
  const gatewayReports = (): Promise<unknown> =>
    database.work().upsert(Host, {
      id: 'host-a',
      instance: OWNER,
      version: '0',
      machines: 1,
      ready: 1,
      startedAt: new Date(),
      lastSeenAt: new Date(),
    });
  const channel = (state: Machine['channel']): Promise<unknown> =>
    database.work().nativeUpdate(Machine, { id: machineId }, { channel: state });

  it('not due yet', async () => {
    const [item] = await schedule(database, { machineId, scheduledFor: new Date('2031-07-01T12:00:00Z') });
    expect(await explain(item!.id)).toMatchObject({
      executionId: item!.id,
      status: 'PENDING',
      code: 'not_due',
      message: expect.stringContaining('2031-07-01'),
    });
  });

  it('the gateway, then the channel, then the slot', async () => {
    const [item, next] = await schedule(database, { machineId }, { machineId });
    await database.work().nativeDelete(Host, { id: 'host-a' });
    expect(await explain(item!.id)).toMatchObject({ code: 'gateway_missing', remedy: expect.any(String) });
    await gatewayReports();
    for (const [state, code] of [
      ['missing', 'channel_missing'],
      ['refused', 'channel_refused'],
      ['occupied', 'channel_occupied'],
      ['guest-closed', 'channel_closed'],
      ['silent', 'channel_silent'],
      ['deaf', 'channel_deaf'],
      ['unknown', 'channel_unknown'],
    ] as const) {
      await channel(state);
      expect(await explain(item!.id)).toMatchObject({ code, remedy: expect.any(String) });
    }
    await channel('ready');
    expect(await explain(item!.id)).toMatchObject({ code: 'being_delivered' });
    await claimDue(database.work(), { machineId, owner: OWNER, capacity: 1 });
    expect(await explain(next!.id)).toMatchObject({ code: 'waits_for_slot' });
    expect(await explain(item!.id)).toMatchObject({ status: 'RUNNING', code: 'claimed' });
  });

  it('first-boot scripts by the installation, and no others', async () => {
    const firstBoot = { machineId, executionType: 'FIRST_BOOT' as const };
    const [first, second, wanted] = await schedule(
      database,
      { ...firstBoot, order: 0 },
      { ...firstBoot, order: 1 },
      { machineId },
    );
    await gatewayReports();
    await database.work().nativeUpdate(Machine, { id: machineId }, { channel: 'ready', setup: 'running' });
    for (const { id } of [first!, second!])
      expect(await explain(id)).toMatchObject({
        code: 'waits_for_setup',
        message: expect.stringContaining('PENDING: waits for the installation to finish'),
        remedy: expect.stringContaining('infiniservice install --finished'),
      });
    expect(await explain(wanted!.id)).toMatchObject({ code: 'being_delivered' });
    // Without a channel nobody hears of its end.
    await channel('silent');
    expect(await explain(first!.id)).toMatchObject({ code: 'channel_silent' });
    await database.work().nativeUpdate(Machine, { id: machineId }, { channel: 'ready', setup: 'done' });
    expect(await explain(first!.id)).toMatchObject({ code: 'being_delivered' });
    expect(await explain(second!.id)).toMatchObject({ code: 'waits_for_first_boot' });
  });

  it('first-boot scripts by the medium that installed the system, and a copied disk', async () => {
    const [own, other] = [randomUUID(), randomUUID()];
    const [item] = await schedule(database, { machineId, executionType: 'FIRST_BOOT' });
    await gatewayReports();
    await channel('ready');
    await database.work().nativeUpdate(ScriptExecution, { id: item!.id }, { mediaId: own });
    expect(await explain(item!.id)).toMatchObject({
      code: 'waits_for_installation',
      message: expect.stringContaining('has not shown'),
    });
    const set = (values: Partial<Machine>): Promise<unknown> =>
      database.work().nativeUpdate(Machine, { id: machineId }, values);
    await set({ provedMedium: other });
    expect(await explain(item!.id)).toMatchObject({ message: expect.stringContaining(other) });
    await set({ provedMedium: own, firstBootFrom: new Date('2031-07-01T00:00:00Z') });
    expect(await explain(item!.id)).toMatchObject({
      code: 'waits_for_setup',
      message: expect.stringContaining('2031-07-01'),
    });
    await set({ firstBootFrom: null });
    expect(await explain(item!.id)).toMatchObject({ code: 'being_delivered' });
    await set({ identity: "another machine's" });
    expect(await explain(item!.id)).toMatchObject({
      code: 'channel_other_identity',
      remedy: expect.stringContaining('infiniservice uninstall'),
    });
  });

  it('how they ended', async () => {
    const [item] = await schedule(database, { machineId });
    await claimDue(database.work(), { machineId, owner: OWNER, capacity: 1 });
    await database.transaction((work) =>
      recordCompletion(
        work,
        completion(
          { machineId, executionId: item!.id },
          { status: 'FAILED', failureReason: 'EXIT_CODE', exitCode: 3, stderr: 'no such file\n' },
        ),
      ),
    );
    expect(await explain(item!.id)).toMatchObject({
      status: 'FAILED',
      code: 'exit_code',
      message: 'FAILED: the script ended with exit code 3; its last words on stderr: no such file',
    });
    const [lost] = await schedule(database, { machineId });
    await database.transaction((work) =>
      endByVerdict(work, {
        id: lost!.id,
        status: 'FAILED',
        failureReason: 'AGENT_LOST',
        error: 'the agent lost the run',
      }),
    );
    expect(await explain(lost!.id)).toMatchObject({ code: 'agent_lost', remedy: expect.any(String) });
  });

  it('that something of it lives on', async () => {
    const [item] = await schedule(database, { machineId });
    await claimDue(database.work(), { machineId, owner: OWNER, capacity: 1 });
    const outcome = { status: 'TIMEOUT' as const, exitCode: null, survivors: 2, error: 'too long' };
    await database.transaction((work) =>
      recordCompletion(work, completion({ machineId, executionId: item!.id }, outcome)),
    );
    expect((await explain(item!.id))['message']).toBe(
      'TIMEOUT: too long (600 s); 2 of its processes could not be ended',
    );
    const { body } = await server.request('GET', `/api/executions/${item!.id}`);
    expect(body).toMatchObject({ survivors: 2, durationMs: 12, stdoutSha256: null });
  });

  describe('a repeating run:', () => {
    const end = async (id: string, status: 'SUCCESS' | 'FAILED'): Promise<void> => {
      const [claimed] = await claimDue(database.work(), { machineId, owner: OWNER, capacity: 1 });
      await recordDelivery(database.work(), claimed!, OWNER);
      const outcome = {
        status,
        failureReason: status === 'FAILED' ? ('EXIT_CODE' as const) : null,
        exitCode: 1,
      };
      await database.transaction((work) =>
        recordCompletion(work, completion({ machineId, executionId: id }, outcome)),
      );
    };
    const first = new Date(Date.now() - 60_000).toISOString();

    it('what it repeats by, and when it comes next', async () => {
      const [row] = await schedule(database, {
        machineId,
        rule: { first: '2031-07-01T12:00:00.000Z', repeatIntervalMinutes: 90 },
        maxExecutions: 4,
      });
      expect((await explain(row!.id))['message']).toMatch(
        /scheduled for 2031-07-01T12:00:00.000Z, .*every 90 minutes and ran 0 of at most 4 times so far$/,
      );
      const [other] = await schedule(database, { machineId, rule: { first, repeatIntervalMinutes: 30 } });
      await end(other!.id, 'SUCCESS');
      expect((await explain(other!.id))['message']).toMatch(
        /exit code 0; its next run is due in 29 minutes, at .*; it repeats every 30 minutes and ran 1 times so far, last at /,
      );
    });

    it('that maxExecutions is reached, whatever the last run came to', async () => {
      const [row] = await schedule(database, {
        machineId,
        rule: { first, repeatIntervalMinutes: 30 },
        maxExecutions: 1,
      });
      await end(row!.id, 'FAILED');
      expect(await explain(row!.id)).toMatchObject({
        code: 'exit_code',
        message: expect.stringContaining('the series has ended: it ran 1 of 1 times'),
      });
    });

    it('that a failure or somebody ended it', async () => {
      const rule = { first, repeatIntervalMinutes: 30, stopOnFailure: true };
      const [failing] = await schedule(database, { machineId, rule });
      await end(failing!.id, 'FAILED');
      expect((await explain(failing!.id))['message']).toContain('ended by this failure (stopOnFailure)');
      const [stopped] = await schedule(database, { machineId, rule });
      await server.request('POST', `/api/series/${stopped!.seriesId}/stop`);
      expect(await explain(stopped!.id)).toMatchObject({
        code: 'cancelled',
        message: expect.stringContaining('the series was stopped'),
      });
    });

    it('that its cron expression never comes again', async () => {
      const year = new Date().getUTCFullYear();
      const rule = { first, cron: '0 0 29 2 *', timeZone: 'UTC' };
      const [row] = await schedule(database, { machineId, rule });
      expect((await explain(row!.id))['message']).toMatch(
        new RegExp(
          `scheduled for (${year}|${year + 1}|${year + 2}|${year + 3}|${year + 4})-02-29.*by "0 0 29 2 \\*" in UTC`,
        ),
      );
      await database
        .work()
        .execute(`update series set stopped_at = created_at, stop_reason = 'never again' where id = ?`, [
          row!.seriesId,
        ]);
      await server.request('POST', `/api/executions/${row!.id}/cancel`);
      expect((await explain(row!.id))['message']).toContain('by "0 0 29 2 *" in UTC never comes again');
    });
  });
});

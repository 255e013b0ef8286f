import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { claimDue, type Database, endByVerdict, Host, Machine, recordCompletion } from '#db';
import { startConsole, type TestConsole } from '../../../test/support/console.js';
import { onBothDatabases } from '../../../test/support/databases.js';
import { completion, machineWithLease, schedule } from '../../../test/support/rows.js';

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
});

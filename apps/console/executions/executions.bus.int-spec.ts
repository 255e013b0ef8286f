import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { type Database, ScriptExecution } from '#db';
import { BusRequests, type ScheduledExecutions } from '#protocol';
import { startConsole, type TestConsole } from '../../../test/support/apps/console.js';
import { dialectOf } from '../../../test/support/rows/dialect.js';
import { newId, onBothDatabases } from '../../../test/support/servers/databases.js';
import { machineWithLease } from '../../../test/support/rows/rows.js';

const { pattern } = BusRequests.scriptSchedule;

onBothDatabases('executions over the bus', (given) => {
  let server: TestConsole;
  let database: Database;
  let machineId: string;
  let scriptId: string;

  beforeAll(async () => {
    server = await startConsole(given().url);
    const script = { name: 'greet', shell: 'SH', content: 'echo hello' };
    scriptId = (await server.request('POST', '/api/scripts', script)).body.id;
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    ({ database } = given());
    machineId = await machineWithLease(database, 'host-a#1');
  });
  /** What is asked for a script on the machine, each time under another request id. */
  const message = (request: object = {}, requestId = `r-${newId()}`): object => ({
    requestId,
    requestedBy: 'orchestrator',
    request: { scriptId, machineIds: [machineId], ...request },
  });
  const schedule = (asked: object): Promise<unknown> => server.bus.request(pattern, asked);

  it('are made once for a request that arrives more than once', async () => {
    const requestId = `r-${newId()}`;
    const asked = message({}, requestId);
    const answers = await Promise.all([1, 2, 3].map(() => schedule(asked)));
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
    expect(await database.work().count(ScriptExecution, { machineId })).toBe(1);
    await expect(schedule(message({ order: 3 }, requestId))).rejects.toMatchObject({
      code: 'idempotency.key_reused',
      status: 409,
    });
  });

  it('are made anew under a request id of the day before', async () => {
    const asked = message();
    const first = await schedule(asked);
    const work = database.work();
    await work.execute(
      `update idempotency_key set created_at = ${dialectOf(work).nowPlusSeconds}`,
      [-86_500],
    );
    const second = await schedule(asked);
    expect(second).not.toEqual(first);
    expect(await schedule(asked)).toEqual(second);
  });

  it('are answered as before when the request comes again after its machine was removed', async () => {
    const asked = message();
    const first = await schedule(asked);
    const { status } = await server.request('DELETE', `/api/machines/${machineId}?force=true`);
    expect(status).toBe(204);
    expect(await schedule(asked)).toEqual(first);
    await expect(schedule(message())).rejects.toMatchObject({ code: 'request.invalid' });
  });

  it.each<[string, () => object, string[]]>([
    ['what only the database shows', () => message({ scriptId: newId() }), ['request.scriptId']],
    [
      'what its fields and the database show',
      () => message({ scriptId: newId(), order: -1, surprise: 1 }),
      ['request.order', 'request.surprise', 'request.scriptId'],
    ],
    [
      'what is beside a fault of the message itself',
      () => message({ scriptId: 'nope', machineIds: [] }, 'x'),
      ['requestId', 'request.scriptId', 'request.machineIds'],
    ],
    ['that there is no request', () => ({ requestId: `r-${newId()}` }), ['request']],
  ])('say what is wrong in the shape of HTTP: %s', async (_, asked, paths) => {
    await expect(schedule(asked())).rejects.toMatchObject({
      code: 'request.invalid',
      status: 400,
      issues: paths.map((path) => expect.objectContaining({ path })),
    });
  });

  it('are cancelled once', async () => {
    const { items } = (await schedule(message())) as ScheduledExecutions;
    const asked = { requestId: `r-${newId()}`, requestedBy: 'orchestrator', executionId: items[0]?.id };
    const cancel = (): Promise<unknown> => server.bus.request(BusRequests.scriptCancel.pattern, asked);
    const first = await cancel();
    expect(first).toMatchObject({ status: 'CANCELLED' });
    expect(await cancel()).toEqual(first);
  });
});

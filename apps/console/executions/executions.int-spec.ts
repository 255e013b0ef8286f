import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { claimDue, type Database, inputContext, Machine, recordCompletion, ScriptExecution } from '#db';
import { BusEvents, CHANNEL_LIMITS, ExecutionDto, WakeEvent } from '#protocol';
import { unseal } from '#secrets';
import { SECRETS_KEY, startConsole, type TestConsole } from '../../../test/support/apps/console.js';
import { newId, onBothDatabases } from '../../../test/support/servers/databases.js';
import { completion, machineWithLease, readExecution } from '../../../test/support/rows/rows.js';
import { waitFor } from '../../../test/support/wait.js';

const OWNER = 'host-a#1';

onBothDatabases('executions', (given) => {
  let server: TestConsole;
  let database: Database;
  let machineId: string;
  let scriptId: string;
  const rings: string[] = [];

  beforeAll(async () => {
    server = await startConsole(given().url, {
      prepareBus: (bus) => {
        for (const host of ['host-a', null]) {
          bus.onEvent(BusEvents.wake(host), WakeEvent, ({ machineId: id }) =>
            rings.push(`wake ${host} ${id}`),
          );
          bus.onEvent(BusEvents.cancel(host), null, (event) =>
            rings.push(`cancel ${host} ${(event as { executionId: string }).executionId}`),
          );
        }
      },
    });
  });
  afterAll(() => server.stop());

  const makeScript = async (differences: object = {}): Promise<string> => {
    const body = { name: 'greet', shell: 'SH', content: 'echo hello', ...differences };
    const answer = await server.request('POST', '/api/scripts', body);
    expect(answer.status).toBe(201);
    return answer.body.id;
  };
  const schedule = (differences: object = {}): ReturnType<TestConsole['request']> =>
    server.request('POST', '/api/executions', { scriptId, machineIds: [machineId], ...differences });
  const issuesOf = async (differences: object): Promise<string[]> => {
    const answer = await schedule(differences);
    expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
    expect(await database.work().count(ScriptExecution, { machineId })).toBe(0);
    return answer.body.issues.map(
      (issue: { path: string; message: string }) => `${issue.path}: ${issue.message}`,
    );
  };
  const pathsOf = async (differences: object): Promise<(string | undefined)[]> =>
    (await issuesOf(differences)).map((issue) => issue.split(':')[0]);
  const claim = async (): Promise<void> => {
    await claimDue(database.work(), { machineId, owner: OWNER, capacity: 10 });
    const work = database.work();
    await work.nativeUpdate(
      ScriptExecution,
      { machineId, status: 'RUNNING' },
      { deliveryStartedAt: new Date() },
    );
  };

  beforeEach(async () => {
    ({ database } = given());
    machineId = await machineWithLease(database, OWNER);
    scriptId = await makeScript();
    rings.length = 0;
  });

  describe('when they are scheduled', () => {
    it('are rows first, then a ring for the gateway that holds the machine', async () => {
      const answer = await schedule();
      expect(answer.status).toBe(201);
      const [item] = answer.body.items;
      expect(ExecutionDto.parse(item)).toMatchObject({
        scriptId,
        machineId,
        status: 'PENDING',
        executionType: 'ON_DEMAND',
        attempt: 1,
        timeoutSeconds: 600,
        triggeredBy: 'console',
      });
      await waitFor(() => rings.includes(`wake host-a ${machineId}`), { what: 'the ring' });
      expect((await server.request('GET', `/api/executions/${item.id}`)).body).toEqual(item);
    });

    it('ring all gateways for a machine that none has seen', async () => {
      const { body } = await server.request('POST', '/api/machines', { name: 'new' });
      await schedule({ machineIds: [body.id] });
      await waitFor(() => rings.includes(`wake null ${body.id}`), { what: 'the ring' });
    });

    it('come in the order of the machines, one each, and also without any gateway', async () => {
      const machineIds = [await machineWithLease(database), machineId, await machineWithLease(database)];
      const { body } = await schedule({ machineIds });
      expect(body.items.map((item: { machineId: string }) => item.machineId)).toEqual(machineIds);
    });

    it('are SCHEDULED for a future time or when they repeat', async () => {
      const later = await schedule({ scheduledFor: '2031-07-01T12:00:00+02:00' });
      expect(later.body.items[0]).toMatchObject({
        executionType: 'SCHEDULED',
        scheduledFor: '2031-07-01T10:00:00.000Z',
        seriesId: null,
      });
      const repeated = await schedule({ repeatIntervalMinutes: 5, maxExecutions: 3 });
      expect(repeated.body.items[0]).toMatchObject({
        executionType: 'SCHEDULED',
        seriesId: expect.any(String),
        slot: 0,
        repeatIntervalMinutes: 5,
        maxExecutions: 3,
      });
      const past = await schedule({ scheduledFor: '2020-01-01T00:00:00Z' });
      expect(past.body.items[0]).toMatchObject({ executionType: 'ON_DEMAND' });
    });

    it('read a local time in its zone, also in the hours that are missing or come twice', async () => {
      for (const [scheduledFor, expected] of [
        ['2031-07-01T12:00:00', '2031-07-01T10:00:00.000Z'],
        ['2031-03-30T02:30:00', '2031-03-30T01:30:00.000Z'],
        ['2031-10-26T02:30:00', '2031-10-26T00:30:00.000Z'],
      ]) {
        const { body } = await schedule({ scheduledFor, timeZone: 'Europe/Berlin' });
        expect(body.items[0].scheduledFor).toBe(expected);
      }
    });

    it('keep the version they name when the script is edited', async () => {
      const before = (await schedule()).body.items[0];
      await server.request('PUT', `/api/scripts/${scriptId}`, {
        name: 'greet',
        shell: 'SH',
        content: 'echo 2',
        timeoutSeconds: 30,
      });
      const now = (await schedule()).body.items[0];
      const old = (await schedule({ scriptVersion: 1 })).body.items[0];
      expect([before.scriptVersion, now.scriptVersion, old.scriptVersion]).toEqual([1, 2, 1]);
      expect([now.timeoutSeconds, old.timeoutSeconds]).toEqual([30, 600]);
    });
  });

  describe('are refused, with every fault and not one row,', () => {
    it('for what does not exist', async () => {
      const [unknownScript, unknownMachine] = [newId(), newId()];
      const issues = await issuesOf({ scriptId: unknownScript, machineIds: [machineId, unknownMachine] });
      expect(issues).toEqual([
        `scriptId: there is no script ${unknownScript}`,
        `machineIds.1: there is no machine ${unknownMachine}`,
      ]);
      expect(await issuesOf({ scriptVersion: 7 })).toEqual(['scriptVersion: the script has no version 7']);
    });

    it('for a machine of another platform or one that is not registered', async () => {
      await database.work().nativeUpdate(Machine, { id: machineId }, { os: 'windows' });
      expect(await issuesOf({})).toEqual(['machineIds.0: the script is for linux, the machine runs windows']);
      await database.work().nativeUpdate(Machine, { id: machineId }, { os: 'linux', registered: false });
      expect(await issuesOf({})).toEqual([`machineIds.0: the machine ${machineId} is not registered`]);
    });

    it('for inputs that are missing, unknown or of another type', async () => {
      scriptId = await makeScript({
        content: 'echo ${{ inputs.name }} ${{ inputs.n }}',
        inputs: [
          { name: 'name', type: 'text', required: true, pattern: '[a-z]+' },
          { name: 'n', type: 'number' },
          { name: 'on', type: 'boolean' },
          { name: 'size', type: 'select', options: ['s', 'm'] },
        ],
      });
      expect(await issuesOf({ inputs: { n: '1', on: 'yes', size: 'xl', other: 1 } })).toEqual([
        'inputs.other: the script has no such input',
        'inputs.name: is required',
        'inputs.n: must be a number, not a string',
        'inputs.on: must be a boolean, not a string',
        'inputs.size: is not one of the options',
      ]);
      expect(await issuesOf({ inputs: { name: 'a\nb' } })).toEqual(['inputs.name: does not match [a-z]+']);
      expect((await schedule({ inputs: { name: 'ada', n: 1, on: true, size: 's' } })).status).toBe(201);
    });

    it("for a script that is longer than the channel's limit with its inputs", async () => {
      scriptId = await makeScript({
        content: `#${'x'.repeat(CHANNEL_LIMITS.scriptContent - 1000)}\necho \${{ inputs.text }}`,
        inputs: [{ name: 'text', type: 'text', required: true }],
      });
      expect(await issuesOf({ inputs: { text: "'".repeat(900) } })).toEqual([
        expect.stringMatching(/^inputs: the script has \d+ bytes/),
      ]);
      expect((await schedule({ inputs: { text: 'short' } })).status).toBe(201);
    });

    it.each([
      ['scheduledFor', { scheduledFor: '2031-07-01T12:00:00' }],
      ['scheduledFor', { scheduledFor: 'tomorrow' }],
      ['scheduledFor', { scheduledFor: '2031-02-30T12:00:00Z' }],
      ['scheduledFor', { scheduledFor: '0001-01-01T00:00:00Z' }],
      ['timeZone', { scheduledFor: '2031-07-01T12:00:00', timeZone: 'Mars/Olympus' }],
      ['timeZone', { scheduledFor: '2031-07-01T12:00:00Z', timeZone: 'Europe/Berlin' }],
      ['deliverBy', { deliverBy: '2020-01-01T00:00:00Z' }],
      ['deliverBy', { scheduledFor: '2031-07-01T12:00:00Z', deliverBy: '2031-07-01T12:00:00Z' }],
      ['repeatIntervalMinutes', { repeatIntervalMinutes: 0 }],
      ['repeatIntervalMinutes', { repeatIntervalMinutes: 0.5 }],
      ['cron', { cron: '61 * * * *' }],
      ['cron', { cron: '0 0 30 2 *' }],
      ['cron', { cron: '*/10 * * * * *' }],
      ['cron', { cron: '* * * * *', repeatIntervalMinutes: 5 }],
      ['timeZone', { cron: '0 9 * * *', timeZone: 'Mars/Olympus' }],
      ['scheduledFor', { cron: '0 9 * * *', scheduledFor: '2031-07-01T12:00:00' }],
      ['missedRuns', { missedRuns: 'skip' }],
      ['missedRuns', { repeatIntervalMinutes: 5, missedRuns: 'most' }],
      ['missedWindowMinutes', { repeatIntervalMinutes: 5, missedWindowMinutes: 5 }],
      ['jitterSeconds', { repeatIntervalMinutes: 1, jitterSeconds: 60 }],
      ['deliverBy', { repeatIntervalMinutes: 5, deliverBy: '2099-01-01T00:00:00Z' }],
      ['maxExecutions', { maxExecutions: 2 }],
      ['maxExecutions', { repeatIntervalMinutes: 1, maxExecutions: 0 }],
      ['timeoutSeconds', { timeoutSeconds: 172_801 }],
      ['runAs', { runAs: 'root; id' }],
      ['machineIds', { machineIds: [] }],
      ['order', { order: -1 }],
      ['surprise', { surprise: true }],
    ])('at %s for %j', async (path, differences) => {
      const issues = await issuesOf(differences);
      expect(issues.map((issue) => issue.split(':')[0])).toContain(path);
    });

    it('together, whichever check finds them', async () => {
      await database.work().nativeUpdate(Machine, { id: machineId }, { os: 'windows' });
      scriptId = await makeScript({ inputs: [{ name: 'greeting', type: 'text', required: true }] });
      const issues = await issuesOf({
        cron: '61 * * * *',
        timeZone: 'Mars/Olympus',
        inputs: { greting: 'hello' },
        maxExecutions: 0,
        surprise: true,
        jitterSeconds: 'some',
      });
      expect(issues.map((issue) => issue.split(':')[0]).toSorted()).toEqual([
        'cron',
        'inputs.greeting',
        'inputs.greting',
        'jitterSeconds',
        'machineIds.0',
        'maxExecutions',
        'surprise',
        'timeZone',
      ]);
    });

    it('once each: what hides behind another fault is not told as one of its own', async () => {
      const inputs = { name: ['not', 'a', 'value'] };
      scriptId = await makeScript({ inputs: [{ name: 'name', type: 'text', required: true }] });
      expect((await issuesOf({ inputs })).map((issue) => issue.split(':')[0])).toEqual(['inputs.name']);
      const both = await issuesOf({ cron: '61 * * * *', repeatIntervalMinutes: 5, inputs: { name: 'ada' } });
      expect(both).toEqual([expect.stringMatching(/^cron: and repeatIntervalMinutes/)]);
    });

    it('without those of another version when the one that is asked for cannot be', async () => {
      scriptId = await makeScript({ inputs: [{ name: 'name', type: 'text', required: true }] });
      await database.work().nativeUpdate(Machine, { id: machineId }, { os: 'windows' });
      expect(await pathsOf({ scriptVersion: 0 })).toEqual(['scriptVersion']);
      expect(await pathsOf({ scriptVersion: 0, scriptId: newId() })).toEqual(['scriptVersion', 'scriptId']);
    });

    it('without reading a local time in another zone than the one that is asked for', async () => {
      const times = { scheduledFor: '2031-07-01T12:00:00', deliverBy: '2031-07-01T01:00:00Z' };
      expect(await pathsOf({ ...times, timeZone: 'Mars/Olympus' })).toEqual(['timeZone']);
      expect(await pathsOf({ ...times, timeZone: 'UTC' })).toEqual(['deliverBy']);
    });

    it('for the machines of a list of which another is no id, each at its place', async () => {
      const unknown = newId();
      expect(await issuesOf({ machineIds: ['x', machineId, unknown] })).toEqual([
        expect.stringMatching(/^machineIds\.0: must be a UUID/),
        `machineIds.2: there is no machine ${unknown}`,
      ]);
    });

    it('for a machine that is named twice', async () => {
      expect(await issuesOf({ machineIds: [machineId, machineId] })).toEqual([
        `machineIds: ${machineId} is named twice`,
      ]);
    });
  });

  it('keep passwords sealed in the row, and show them nowhere', async () => {
    const canary = 'canary-Pa55!word';
    scriptId = await makeScript({
      content: 'login ${{ inputs.password }}',
      inputs: [{ name: 'password', type: 'password', required: true }],
    });
    const answer = await schedule({ inputs: { password: canary } });
    const [item] = answer.body.items;
    expect(item.inputValues).toEqual({ password: '•••' });
    const row = await readExecution(database, item.id);
    const stored = row.inputValues['password'] as { sealed: string };
    expect(unseal(SECRETS_KEY, inputContext(scriptId, 'password'), stored.sealed)).toBe(canary);
    const everything = JSON.stringify([
      await database.work().execute('select * from script_execution'),
      await database.work().execute('select * from audit_entry'),
      await database.work().execute('select * from idempotency_key'),
      (await server.request('GET', '/api/executions')).body,
      (await server.request('GET', '/api/audit')).body,
    ]);
    expect(everything).not.toContain(canary);
  });

  it('are found by machine, status, series and time', async () => {
    const [a] = (await schedule()).body.items;
    const [b] = (await schedule({ repeatIntervalMinutes: 1 })).body.items;
    await server.request('POST', `/api/executions/${a.id}/cancel`);
    const ids = async (query: string): Promise<string[]> =>
      (await server.request('GET', `/api/executions?machineId=${machineId}&${query}`)).body.items.map(
        ({ id }: { id: string }) => id,
      );
    expect(await ids('')).toEqual([b.id, a.id]);
    expect(await ids('status=CANCELLED')).toEqual([a.id]);
    expect(await ids(`seriesId=${b.seriesId}`)).toEqual([b.id]);
    expect(await ids(`from=${encodeURIComponent(b.createdAt)}`)).toContain(b.id);
    expect(await ids(`to=${encodeURIComponent(a.createdAt)}`)).toEqual([]);
  });

  it('give their output as text, whatever it holds', async () => {
    const [item] = (await schedule()).body.items;
    await claim();
    const stdout = '<script>alert(1)</script>\n𝄞\u001b[31m\n';
    await database.transaction((work) =>
      recordCompletion(work, completion({ machineId, executionId: item.id }, { stdout, stderr: 'warn\n' })),
    );
    const output = await server.request('GET', `/api/executions/${item.id}/output`);
    expect(output.text).toBe(stdout);
    expect(output.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(output.headers.get('x-content-type-options')).toBe('nosniff');
    expect((await server.request('GET', `/api/executions/${item.id}/output?stream=stderr`)).text).toBe(
      'warn\n',
    );
    expect((await server.request('GET', `/api/executions/${item.id}/output?stream=both`)).status).toBe(400);
  });

  describe('can be cancelled', () => {
    it('at once while they wait', async () => {
      const [item] = (await schedule()).body.items;
      expect(await server.request('POST', `/api/executions/${item.id}/cancel`)).toMatchObject({
        status: 202,
        body: { status: 'CANCELLED' },
      });
      expect(await server.request('POST', `/api/executions/${item.id}/cancel`)).toMatchObject({
        status: 409,
        body: { code: 'execution.final' },
      });
    });

    it('by asking the gateway while they run', async () => {
      const [item] = (await schedule()).body.items;
      await claim();
      const answer = await server.request('POST', `/api/executions/${item.id}/cancel`);
      expect(answer).toMatchObject({
        status: 202,
        body: { status: 'RUNNING', cancelRequestedAt: expect.any(String) },
      });
      await waitFor(() => rings.includes(`cancel host-a ${item.id}`), { what: 'the ring' });
    });

    it('as a whole series', async () => {
      const [item] = (await schedule({ repeatIntervalMinutes: 1 })).body.items;
      const answer = await server.request('POST', `/api/series/${item.seriesId}/stop`);
      expect(answer).toMatchObject({ status: 200, body: { seriesId: item.seriesId, cancelled: [item.id] } });
      expect(await server.request('POST', `/api/series/${newId()}/stop`)).toMatchObject({ status: 404 });
    });
  });

  it('repeat by a cron expression in a zone, from an earliest time on', async () => {
    const { body } = await schedule({
      cron: '30 2 * * *',
      timeZone: 'Europe/Berlin',
      scheduledFor: '2031-07-01T12:00:00Z',
      missedRuns: 'skip',
      missedWindowMinutes: 10,
    });
    expect(body.items[0]).toMatchObject({
      executionType: 'SCHEDULED',
      scheduledFor: '2031-07-02T00:30:00.000Z',
      deliverBy: '2031-07-02T00:40:00.000Z',
      seriesId: expect.any(String),
      repeatIntervalMinutes: null,
    });
  });

  it.each(['', '/output', '/explanation', '/events'])('that do not exist are 404 at %p', async (what) => {
    const answer = await server.request('GET', `/api/executions/${newId()}${what}`);
    expect(answer).toMatchObject({ status: 404, body: { code: 'execution.not_found' } });
  });
});

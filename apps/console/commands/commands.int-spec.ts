import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { AuditEntry, MachineCommand, MachineEvent, OPEN_COMMANDS_LIMIT } from '#db';
import { dialectOf } from '../../../test/support/rows/dialect.js';
import { type Answer, startConsole, type TestConsole } from '../../../test/support/apps/console.js';
import { newId, onBothDatabases } from '../../../test/support/servers/databases.js';
import { socketFolder, startGateway, type TestGateway } from '../../../test/support/apps/gateway.js';
import { FakeGuest, type HostLine } from '../../../test/support/guests/fake-guest.js';
import { waitFor } from '../../../test/support/wait.js';

onBothDatabases('commands', (given) => {
  const host = socketFolder();
  let server: TestConsole;
  let gateway: TestGateway;
  let guest: FakeGuest;
  let machineId: string;

  beforeAll(async () => {
    server = await startConsole(given().url);
    gateway = await startGateway(given().url, host.baseDir);
  });
  afterAll(async () => {
    await gateway.stop();
    await server.stop();
    host.remove();
  });
  beforeEach(async () => {
    machineId = newId();
    await server.request('POST', '/api/machines', { id: machineId, name: 'web-1', os: 'linux' });
    guest = await new FakeGuest(host.sockets, machineId).open();
  });
  afterEach(() => guest.close());

  const uptime = { type: 'UnsafeCommand', rawCommand: 'uptime', timeoutSeconds: 30 };
  const ask = (body: object = uptime, query = ''): Promise<Answer> =>
    server.request('POST', `/api/machines/${machineId}/commands${query}`, body);
  const get = async (id: string): Promise<Answer['body']> =>
    (await server.request('GET', `/api/machines/${machineId}/commands/${id}`)).body;
  const asked = (id: string): Promise<HostLine> =>
    waitFor(() => guest.lines.find((line) => line['id'] === id), { what: `the command ${id}` });
  const answer = (id: unknown, more: object = {}): void =>
    guest.send({ id, success: true, exit_code: 0, stdout: 'up 3 days\n', stderr: '', ...more });
  const ended = (id: string, state: string): Promise<Answer['body']> =>
    waitFor(async () => ((await get(id)).state === state ? get(id) : null), { what: `${id} to be ${state}` });
  /** As if it had been asked so long ago. */
  const age = (id: string, seconds: number): Promise<unknown> => {
    const work = given().database.work();
    const past = dialectOf(work).nowMinusSeconds(String(seconds));
    return work.execute(
      `update machine_command set created_at = ${past}, sent_at = case when sent_at is null then null else ${past} end where id = ?`,
      [id],
    );
  };

  it('go to the machine and come back with its answer, also without a type as old agents send it', async () => {
    await guest.hello();
    const waiting = ask(uptime, '?wait=30');
    const line = await waitFor(() => guest.lines.find(({ type }) => type === 'UnsafeCommand'), {
      what: 'the command',
    });
    expect(line).toMatchObject({ raw_command: 'uptime', timeout: 30, session: guest.session });
    expect(line).not.toHaveProperty('shell');
    answer(line['id'], { execution_time_ms: 12, data: { load: [1, 'zero\0'] } });
    expect(await waiting).toMatchObject({
      status: 202,
      body: {
        id: line['id'],
        machineId,
        state: 'ANSWERED',
        success: true,
        exitCode: 0,
        stdout: 'up 3 days\n',
        data: { load: [1, 'zero�'] },
        truncated: false,
        durationMs: 12,
        request: { type: 'UnsafeCommand', rawCommand: 'uptime' },
      },
    });
    const list = await server.request('GET', `/api/machines/${machineId}/commands`);
    // What was answered is read of one command at a time.
    expect(list.body.items).toEqual([
      { ...(await get(String(line['id']))), stdout: null, stderr: null, data: null },
    ]);
    const audit = await given()
      .database.work()
      .find(AuditEntry, { subjectId: machineId, action: 'machine.command' });
    expect(audit).toMatchObject([
      { actor: 'console', after: { commandId: line['id'], rawCommand: 'uptime' } },
    ]);
  });

  it('have their fields beside the action, as agents read them', async () => {
    await guest.hello();
    const command = { action: 'ServiceControl', service: 'ssh.service', operation: 'restart' };
    const { body } = await ask({ type: 'SafeCommand', command });
    expect(body).toMatchObject({ timeoutSeconds: 60, stdout: null, answeredAt: null });
    const line = await asked(body.id);
    expect(line).toMatchObject({ type: 'SafeCommand', command_type: command, params: null, timeout: 60 });
    answer(body.id, { success: false, exit_code: 5, stdout: '', stderr: 'no such unit' });
    expect(await ended(body.id, 'ANSWERED')).toMatchObject({
      success: false,
      exitCode: 5,
      stderr: 'no such unit',
    });
  });

  it('wait for a machine that comes back in time, and are sent once only', async () => {
    const { body } = await ask();
    expect(body).toMatchObject({ state: 'PENDING', sentAt: null });
    await guest.hello();
    await asked(body.id);
    guest.hangUp();
    await waitFor(() => guest.connections === 2, { what: 'the gateway to come again' });
    await guest.hello();
    // Whatever was due has gone out before the answer to this.
    guest.ask();
    await waitFor(() => guest.count('pending_scripts_response') > 0, { what: 'an answer' });
    expect(guest.count('UnsafeCommand')).toBe(1);
    answer(body.id);
    await ended(body.id, 'ANSWERED');
  });

  it('expire when the machine does not come, and never reach it after that', async () => {
    const { body } = await ask();
    await age(body.id, 31);
    expect(await ended(body.id, 'EXPIRED')).toMatchObject({ message: expect.stringContaining('never sent') });
    await guest.hello();
    guest.ask();
    await waitFor(() => guest.count('pending_scripts_response') > 0, { what: 'an answer' });
    expect(guest.count('UnsafeCommand')).toBe(0);
  });

  it('are lost without an answer, and an answer that comes after all is kept', async () => {
    await guest.hello();
    const { body } = await ask();
    await asked(body.id);
    await age(body.id, 46);
    await ended(body.id, 'LOST');
    answer(body.id);
    expect(await ended(body.id, 'ANSWERED')).toMatchObject({ stdout: 'up 3 days\n' });
    // Said twice, it changes nothing.
    answer(body.id, { stdout: 'another' });
    answer(newId());
    await waitFor(
      async () =>
        given().database.work().count(MachineEvent, { machineId, code: 'security.response_unknown' }),
      { what: 'the unknown answer to be told' },
    );
    expect(await get(body.id)).toMatchObject({ stdout: 'up 3 days\n' });
  });

  it("are not another machine's to answer", async () => {
    await guest.hello();
    const { body } = await ask();
    await asked(body.id);
    const otherId = newId();
    await server.request('POST', '/api/machines', { id: otherId, name: 'web-2' });
    const other = await new FakeGuest(host.sockets, otherId).open();
    try {
      await other.hello();
      other.send({ type: 'response', id: body.id, success: true, stdout: 'forged' });
      await waitFor(
        async () =>
          given()
            .database.work()
            .count(MachineEvent, { machineId: otherId, code: 'security.response_unknown' }),
        { what: 'the forgery to be told' },
      );
      expect(await get(body.id)).toMatchObject({ state: 'SENT', stdout: null });
      expect((await server.request('GET', `/api/machines/${otherId}/commands/${body.id}`)).status).toBe(404);
    } finally {
      await other.close();
    }
  });

  it('keep of a long answer what fits, and say so', async () => {
    await guest.hello();
    const { body } = await ask();
    await asked(body.id);
    answer(body.id, { stdout: 'x'.repeat(400_000), data: { blob: 'y'.repeat(600_000) } });
    const row = await ended(body.id, 'ANSWERED');
    expect(row).toMatchObject({ truncated: true, data: null });
    expect(row.stdout.length).toBeLessThan(140_000);
  });

  it('are limited in number while they wait, and kept in number when they are over', async () => {
    for (let count = 0; count < OPEN_COMMANDS_LIMIT; count += 1) expect((await ask()).status).toBe(202);
    expect(await ask()).toMatchObject({ status: 429, body: { code: 'commands.too_many' } });
    await given().database.work().nativeUpdate(MachineCommand, { machineId }, { state: 'EXPIRED' });
    expect((await ask()).status).toBe(202);
  });

  it.each([
    ['type', {}],
    ['type', { type: 'Whatever' }],
    ['command.action', { type: 'SafeCommand', command: { action: 'FormatDisk' } }],
    [
      'command.operation',
      { type: 'SafeCommand', command: { action: 'ServiceControl', service: 'a', operation: 'x' } },
    ],
    [
      'command.service',
      { type: 'SafeCommand', command: { action: 'ServiceControl', service: '-a;b', operation: 'stop' } },
    ],
    ['command.pid', { type: 'SafeCommand', command: { action: 'ProcessKill', pid: 1 } }],
    ['rawCommand', { type: 'UnsafeCommand', rawCommand: '' }],
    ['rawCommand', { type: 'UnsafeCommand', rawCommand: 'x'.repeat(16_385) }],
    ['shell', { type: 'UnsafeCommand', rawCommand: 'ls', shell: 'fish' }],
    ['timeoutSeconds', { type: 'UnsafeCommand', rawCommand: 'ls', timeoutSeconds: 3601 }],
    ['env', { type: 'UnsafeCommand', rawCommand: 'ls', env: {} }],
  ])('are refused with a fault at %s', async (path, body) => {
    const refused = await ask(body);
    expect(refused).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
    expect(refused.body.issues.map((issue: { path: string }) => issue.path)).toContain(path);
  });

  it('need a machine that is known', async () => {
    const path = `/api/machines/${newId()}/commands`;
    expect(await server.request('POST', path, uptime)).toMatchObject({
      status: 404,
      body: { code: 'machine.not_found' },
    });
    expect(await server.request('GET', path)).toMatchObject({ status: 404 });
    expect(await ask(uptime, '?wait=61')).toMatchObject({ status: 400 });
  });
});

import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { adoptMachine, type Database, Machine, MachineEvent, ScriptExecution } from '#db';
import { BusEvents } from '#protocol';
import { Bus, createLogger } from '#runtime';
import { onBothDatabases } from '../../../test/support/servers/databases.js';
import { socketFolder, startGateway, type TestGateway } from '../../../test/support/apps/gateway.js';
import { FakeGuest } from '../../../test/support/guests/fake-guest.js';
import { readExecution, schedule, script } from '../../../test/support/rows/rows.js';
import { waitFor } from '../../../test/support/wait.js';

onBothDatabases('a gateway', (given) => {
  const host = socketFolder();
  let database: Database;
  let gateway: TestGateway;
  let bus: Bus;
  let guest: FakeGuest;
  let vmId: string;
  let scriptId: string;

  beforeAll(async () => {
    database = given().database;
    gateway = await startGateway(given().url, host.baseDir);
    bus = new Bus(createLogger({ level: 'silent', app: 'test' }));
    await bus.listen();
    scriptId = await script(database, 'echo hello');
  });
  afterAll(async () => {
    await bus.close();
    await gateway.stop();
    host.remove();
  });
  beforeEach(async () => {
    vmId = randomUUID();
    await database.transaction((work) => adoptMachine(work, { id: vmId, name: 'vm', os: 'linux' }));
    guest = await new FakeGuest(host.sockets, vmId).open();
  });
  afterEach(() => guest.close());

  const run = async (more: Parameters<typeof schedule>[1] | object = {}): Promise<ScriptExecution> => {
    const [row] = await schedule(database, { machineId: vmId, scriptId, ...more });
    return row as ScriptExecution;
  };
  const ring = (): void => bus.emit(BusEvents.wake(null), { machineId: vmId });
  const machine = (): Promise<Machine> => database.work().findOneOrFail(Machine, { id: vmId });
  const until = (id: string, fields: Partial<ScriptExecution>): Promise<ScriptExecution> =>
    waitFor(
      async () => {
        const row = await readExecution(database, id);
        const differs = Object.entries(fields).filter(
          ([name, value]) => row[name as keyof ScriptExecution] !== value,
        );
        if (differs.length > 0) throw new Error(`row is ${JSON.stringify(row)}`);
        return row;
      },
      { what: `the row to have ${JSON.stringify(fields)}` },
    );
  const events = (code: string): Promise<number> =>
    database.work().count(MachineEvent, { machineId: vmId, code });

  describe('hands out', () => {
    it('nothing before the guest has spoken, and what is due at its hello', async () => {
      const row = await run();
      await guest.connected();
      ring();
      await waitFor(async () => (await machine()).channel === 'silent', { what: 'the channel to be silent' });
      expect(guest.lines).toEqual([]);
      expect((await readExecution(database, row.id)).status).toBe('PENDING');
      await guest.hello();
      expect(await guest.script()).toMatchObject({
        execution_id: row.id,
        attempt: 1,
        script_content: 'echo hello',
        shell: 'SH',
        timeout_seconds: 600,
      });
      expect(await readExecution(database, row.id)).toMatchObject({ status: 'RUNNING' });
      expect((await readExecution(database, row.id)).deliveryStartedAt).not.toBeNull();
      expect((await machine()).channel).toBe('ready');
    });

    it('an empty list when nothing is due, whatever times the guest claims', async () => {
      await run({ scheduledFor: new Date(Date.now() + 3_600_000) });
      await guest.hello();
      guest.ask({ timestamp: 'never', request_timestamp: '2999-01-01T00:00:00Z' });
      await waitFor(() => guest.count('pending_scripts_response'), { what: 'an answer' });
      expect(guest.scripts).toEqual([]);
    });

    it('what is wanted at once when it is rung', async () => {
      await guest.hello();
      const row = await run();
      ring();
      expect(await guest.script()).toMatchObject({ execution_id: row.id });
    });

    it('what the next due time brings, without a ring', async () => {
      await guest.hello();
      const row = await run({ scheduledFor: new Date(Date.now() + 400) });
      ring();
      expect(guest.scripts).toEqual([]);
      const given = await guest.script();
      expect(given.execution_id).toBe(row.id);
      expect(Date.now()).toBeGreaterThanOrEqual(row.scheduledFor.getTime());
    });

    it('what no ring ever told it of, by its sweep', async () => {
      await guest.hello();
      const row = await run();
      expect(await guest.script()).toMatchObject({ execution_id: row.id });
    });

    it('one at a time, by order', async () => {
      const [later, first] = [await run({ order: 5 }), await run({ order: 1 })];
      await guest.hello();
      const given = await guest.script();
      expect(given.execution_id).toBe(first.id);
      guest.complete(given);
      expect((await guest.script(1)).execution_id).toBe(later.id);
    });

    it('nothing to a machine that is not registered, which it shows', async () => {
      await run();
      await database.work().nativeUpdate(Machine, { id: vmId }, { registered: false });
      await guest.hello();
      guest.ask();
      await waitFor(() => guest.count('pending_scripts_response'), { what: 'an answer' });
      expect(guest.scripts).toEqual([]);
      expect(await machine()).toMatchObject({ registered: false, channel: 'ready', hostId: 'host-a' });
    });

    it('the other scripts when one cannot be made', async () => {
      const broken = await run({ scriptVersion: 7, order: 0 });
      const whole = await run({ order: 1 });
      await guest.hello();
      expect(await guest.script()).toMatchObject({ execution_id: whole.id });
      expect(await readExecution(database, broken.id)).toMatchObject({
        status: 'FAILED',
        failureReason: 'BAD_INPUT',
      });
    });
  });

  it('comes again when a guest that spoke before says no hello: after a migration the first connection may be deaf', async () => {
    await guest.hello();
    guest.hangUp();
    await waitFor(() => guest.connections >= 3, { what: 'a second try without a hello' });
    await guest.hello();
    await waitFor(async () => (await machine()).channel === 'ready', { what: 'the channel to be ready' });
  });

  describe('records', () => {
    it('start, output and end, and acks after the commit', async () => {
      const row = await run();
      await guest.hello();
      const given = await guest.script();
      guest.started(given);
      await waitFor(async () => (await readExecution(database, row.id)).startConfirmed, {
        what: 'the start',
      });
      guest.output(given, 0, 'one\n');
      guest.output(given, 4, 'two\n');
      await until(row.id, { stdout: 'one\ntwo\n', status: 'RUNNING' });
      guest.complete(given, { stdout: 'one\ntwo\n', stdout_bytes: 8, stderr: 'oh\n' });
      await guest.acked(row.id);
      expect(await readExecution(database, row.id)).toMatchObject({
        status: 'SUCCESS',
        exitCode: 0,
        stdout: 'one\ntwo\n',
        stderr: 'oh\n',
        stdoutBytes: 8,
        bootId: guest.bootId,
      });
    });

    it('a result again and again as one, and acks each', async () => {
      const row = await run();
      await guest.hello();
      const given = await guest.script();
      for (let time = 0; time < 3; time += 1) guest.complete(given, { exit_code: time, status: 'failed' });
      await waitFor(() => guest.count('ack') === 3, { what: 'three acks' });
      expect(await readExecution(database, row.id)).toMatchObject({ exitCode: 0, executionCount: 1 });
    });

    it('output with NUL, bytes that are no text, and characters that are cut over pieces', async () => {
      const row = await run();
      await guest.hello();
      const given = await guest.script();
      const bytes = Buffer.from('grüße 🦜\n');
      for (let at = 0; at < bytes.length; at += 1)
        guest.output(given, at, bytes.subarray(at, at + 1).toString('base64'), { encoding: 'base64' });
      await until(row.id, { stdout: 'grüße 🦜\n' });
      guest.output(given, bytes.length, Buffer.from([0, 0xff, 0x41]).toString('base64'), {
        encoding: 'base64',
      });
      await waitFor(async () => (await readExecution(database, row.id)).stdout?.endsWith('A'), {
        what: 'the rest',
      });
      guest.complete(given, { stdout: 'a\u0000b' });
      await guest.acked(row.id);
      expect((await readExecution(database, row.id)).stdout).toBe('a\ufffdb');
    });

    it('pieces that come twice once, and counts a gap', async () => {
      const row = await run();
      await guest.hello();
      const given = await guest.script();
      guest.output(given, 0, 'abcdef');
      guest.output(given, 3, 'defghi');
      await until(row.id, { stdout: 'abcdefghi', stdoutBytes: 9 });
      guest.output(given, 100, 'end');
      await until(row.id, { stdoutBytes: 103, truncated: true });
    });

    it('a script that was cancelled as CANCELLED when the agent confirms', async () => {
      const row = await run();
      await guest.hello();
      const given = await guest.script();
      await database.work().nativeUpdate(ScriptExecution, { id: row.id }, { cancelRequestedAt: new Date() });
      bus.emit(BusEvents.cancel(null), { machineId: vmId, executionId: row.id });
      await waitFor(() => guest.count('cancel_script'), { what: 'the order to cancel' });
      guest.complete(given, { status: 'cancelled', exit_code: -1, signal: 15 });
      await until(row.id, { status: 'CANCELLED' });
    });

    it('more credit while a script prints', async () => {
      await run();
      await guest.hello();
      const given = await guest.script();
      const limit = Number(guest.lines.find(({ type }) => type === 'handshake_ack')?.['credit_bytes']);
      const piece = 'x'.repeat(65_536);
      for (let at = 0; at < limit; at += piece.length) guest.output(given, at, piece);
      const credit = await waitFor(() => guest.lines.find(({ type }) => type === 'credit'), {
        what: 'credit',
      });
      expect(Number(credit['limit'])).toBeGreaterThan(limit);
    });
  });

  describe('when the connection breaks', () => {
    it('asks nothing twice: what the agent lists goes on, what it does not list goes out again', async () => {
      const row = await run();
      await guest.hello();
      const given = await guest.script();
      guest.hangUp();
      await guest.hello({
        runs: [{ execution_id: row.id, attempt: 1, state: 'running', boot_id: guest.bootId }],
      });
      ring();
      guest.complete(given);
      await until(row.id, { status: 'SUCCESS' });
      expect(guest.scripts).toHaveLength(1);

      const lost = await run();
      ring();
      await guest.script(1);
      guest.hangUp();
      await guest.hello({ runs: [] });
      expect((await guest.script(2)).execution_id).toBe(lost.id);
      expect(await readExecution(database, lost.id)).toMatchObject({ attempt: 1, epoch: 1 });
    });

    it('hands out again what a database that failed between claim and delivery has left', async () => {
      await guest.hello();
      const row = await run();
      // As the claim leaves it: RUNNING under our lease, and nothing was written.
      const { leaseOwner } = await machine();
      await database
        .work()
        .nativeUpdate(
          ScriptExecution,
          { id: row.id },
          { status: 'RUNNING', startedAt: new Date(), leaseOwner },
        );
      expect((await guest.script()).execution_id).toBe(row.id);
      expect(await readExecution(database, row.id)).toMatchObject({
        status: 'RUNNING',
        attempt: 1,
        epoch: 1,
      });
    });

    it('tells a machine that restarted from an agent that lost a run', async () => {
      const row = await run();
      await guest.hello();
      guest.started(await guest.script());
      await waitFor(async () => (await readExecution(database, row.id)).startConfirmed, {
        what: 'the start',
      });
      guest.hangUp();
      guest.bootId = randomUUID();
      await guest.hello();
      await until(row.id, { status: 'FAILED', failureReason: 'INTERRUPTED_BY_REBOOT' });

      const next = await run();
      ring();
      guest.started(await guest.script(1));
      await waitFor(async () => (await readExecution(database, next.id)).startConfirmed, {
        what: 'the start',
      });
      guest.hangUp();
      await guest.hello();
      await until(next.id, { status: 'FAILED', failureReason: 'AGENT_LOST' });
    });

    it('runs a script again after the restart that it asked for, and asks for none that has happened', async () => {
      const row = await run();
      const other = await run();
      await guest.hello();
      const given = await guest.script();
      const asks = { exit_code: 194, status: 'failed', boot_id: guest.bootId };
      guest.complete(given, asks);
      expect(await guest.acked(row.id)).toMatchObject({ attempt: 1, reboot: true });
      expect(await readExecution(database, row.id)).toMatchObject({ status: 'PENDING', attempt: 2 });
      const answers = guest.count('pending_scripts_response');
      guest.ask();
      await waitFor(() => guest.count('pending_scripts_response') > answers, { what: 'an answer' });
      expect(guest.scripts).toHaveLength(1);

      guest.hangUp();
      guest.bootId = randomUUID();
      await guest.hello();
      const again = await guest.script(1);
      expect(again).toMatchObject({ execution_id: row.id, attempt: 2 });
      guest.lines.length = 0;
      guest.complete(given, asks);
      expect(await guest.acked(row.id)).not.toHaveProperty('reboot');
      guest.complete(again);
      await until(row.id, { status: 'SUCCESS', attempt: 2 });
      await until(other.id, { status: 'RUNNING' });
    });

    it('takes a late result for the truth', async () => {
      const row = await run();
      await guest.hello();
      const given = await guest.script();
      guest.started(given);
      await waitFor(async () => (await readExecution(database, row.id)).startConfirmed, {
        what: 'the start',
      });
      guest.hangUp();
      await guest.hello();
      await until(row.id, { failureReason: 'AGENT_LOST' });
      guest.complete(given);
      await until(row.id, { status: 'SUCCESS', failureReason: null });
    });

    it('glues no half line of the old connection to the new one', async () => {
      const row = await run();
      await guest.hello();
      const given = await guest.script();
      guest.sendBytes('{"type":"script_completion","execution_id":"');
      guest.hangUp();
      await guest.hello({
        runs: [{ execution_id: row.id, attempt: 1, state: 'finished', boot_id: guest.bootId }],
      });
      guest.complete(given);
      await until(row.id, { status: 'SUCCESS' });
    });

    it('shows each state of the channel', async () => {
      await guest.hello();
      const shows = (state: string): Promise<unknown> =>
        waitFor(async () => (await machine()).channel === state, { what: `the channel to be ${state}` });
      await shows('ready');
      await guest.close();
      await shows('missing');
      await guest.open();
      await guest.connected();
      await shows('silent');
    });
  });

  describe('the public agent', () => {
    it('gets the shapes that it knows, is answered at its request only, and ends by exit code', async () => {
      const row = await run();
      await guest.helloPublic();
      guest.ask();
      const given = await guest.script();
      expect(Object.keys(given).sort()).toEqual(
        [
          'execution_id',
          'execution_type',
          'input_values',
          'run_as',
          'script_content',
          'script_id',
          'script_name',
          'shell',
          'timeout_seconds',
        ].sort(),
      );
      guest.send({ type: 'keep_alive', timestamp: Date.now(), sequence_number: 3 });
      await waitFor(() => guest.count('keep_alive_response'), { what: 'the keep_alive to be answered' });
      guest.send({ id: '1', success: true });
      guest.send({
        type: 'script_completion',
        execution_id: row.id,
        exit_code: 4,
        stdout: '',
        stderr: 'no',
      });
      await until(row.id, { status: 'FAILED', exitCode: 4, failureReason: 'EXIT_CODE' });
      expect(guest.count('ack')).toBe(0);
    });

    it('that asks again at once is not handed the same script a second time', async () => {
      await run();
      await guest.helloPublic();
      guest.ask();
      await guest.script();
      guest.ask();
      await waitFor(() => guest.count('pending_scripts_response') === 2, { what: 'the second answer' });
      expect(guest.scripts).toHaveLength(1);
    });
  });

  it('keeps its counts', async () => {
    expect(await events('line.invalid')).toBe(0);
    const text = await (await fetch(`${gateway.app.url}/metrics`)).text();
    expect(text).toMatch(/infinibay_gateway_scripts_delivered_total \d+/);
    expect(text).toMatch(/infinibay_gateway_channels\{state="missing"\} \d+/);
  });
});

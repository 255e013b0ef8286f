import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  adoptMachine,
  type Database,
  Machine,
  MachineEvent,
  migrateToLatest,
  openDatabase,
  type ScriptExecution,
} from '#db';
import { BusEvents, CHANNEL_LIMITS, ExecutionOutput } from '#protocol';
import { Bus, createLogger } from '#runtime';
import { emptyDatabase } from '../support/servers/databases.js';
import { socketFolder, startGateway, type TestGateway } from '../support/apps/gateway.js';
import { FakeGuest, type GivenScript } from '../support/guests/fake-guest.js';
import { readExecution, schedule, script } from '../support/rows/rows.js';
import { waitFor } from '../support/wait.js';

const MIB = 1_048_576;

/**
 * A guest that lies, floods and garbles. What it does may cost it its own line, never its channel, another
 * machine or the gateway.
 */
describe('a hostile guest', () => {
  const host = socketFolder();
  const empty = emptyDatabase('SQLite');
  let database: Database;
  let gateway: TestGateway;
  let scriptId: string;
  let guest: FakeGuest;
  let given: GivenScript;
  let neighbour: FakeGuest;

  const makeGuest = async (): Promise<FakeGuest> => {
    const vmId = randomUUID();
    await database.transaction((work) => adoptMachine(work, { id: vmId, name: 'vm', os: 'linux' }));
    return new FakeGuest(host.sockets, vmId).open();
  };

  beforeAll(async () => {
    database = await openDatabase(empty.url);
    await migrateToLatest(database);
    scriptId = await script(database);
    gateway = await startGateway(empty.url, host.baseDir);
  });
  afterAll(async () => {
    await gateway.stop();
    await database.close();
    empty.remove();
    host.remove();
  });
  beforeEach(async () => {
    guest = await makeGuest();
    neighbour = await makeGuest();
    await schedule(database, { machineId: guest.vmId, scriptId });
    await guest.hello();
    given = await guest.script();
  });
  afterEach(async () => {
    await guest.close();
    await neighbour.close();
  });

  /** The channel is as good as new: its script still ends, and the process is the one that began. */
  const stillWorks = async (): Promise<ScriptExecution> => {
    guest.complete(given);
    await guest.acked(given.execution_id);
    const row = await readExecution(database, given.execution_id);
    expect(row).toMatchObject({ status: 'SUCCESS', stdout: 'hello\n' });
    expect((await fetch(`${gateway.app.url}/healthz`)).status).toBe(200);
    return row;
  };
  const securityEvents = (): Promise<MachineEvent[]> =>
    database.work().find(MachineEvent, { machineId: guest.vmId, kind: 'security' });

  it.each([
    ['text that is no JSON', 'hello, world\n'],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x0a])],
    ['a number, null, a string, a list', '1\nnull\n"x"\n[]\n'],
    ['an object without a type', '{}\n{"a":1}\n'],
    ['an unknown type', '{"type":"teleport","to":"host"}\n'],
    ['types that are inherited names', '{"type":"__proto__"}\n{"type":"constructor"}\n{"type":"toString"}\n'],
    [
      'a polluting prototype',
      '{"type":"ping","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}\n',
    ],
    ['nesting without end', `{"type":"metrics","data":${'['.repeat(200_000)}${']'.repeat(200_000)}}\n`],
    [
      'huge numbers',
      '{"type":"keep_alive","timestamp":1e400,"sequence_number":1e308}\n{"type":"keep_alive","sequence_number":-1}\n',
    ],
    ['empty lines', '\n\n\r\n\n'],
    [
      'a line of the host',
      '{"type":"ack","execution_id":"x","attempt":1}\n{"type":"pending_scripts_response","scripts":[]}\n',
    ],
    ['an envelope', '{"type":"signed","v":1,"ts":1,"nonce":"n","payload":"{}","sig":"00"}\n'],
    [
      'wrong types in every field',
      '{"type":"script_completion","execution_id":{},"exit_code":"zero","stdout":[]}\n{"type":"script_started","execution_id":7}\n{"type":"script_output","execution_id":"x","attempt":1,"stream":"stdin","offset":-5,"data":{}}\n{"type":"handshake","vm_id":[],"session":5,"runs":"all"}\n',
    ],
  ])('%s costs nothing but itself', async (_name, bytes) => {
    guest.sendBytes(bytes);
    await stillWorks();
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('a line of 5 MiB costs that line, and its machine is told so once', async () => {
    for (let count = 0; count < 3; count += 1) guest.sendBytes(`${'x'.repeat(5 * MIB)}\n`);
    await stillWorks();
    expect(await database.work().count(MachineEvent, { machineId: guest.vmId, code: 'line.oversized' })).toBe(
      1,
    );
  });

  it('a result in a line that is too long still ends its run, with its exit code', async () => {
    guest.complete(given, {
      exit_code: 3,
      status: 'failed',
      stdout: 'y'.repeat(CHANNEL_LIMITS.lineFromGuest),
    });
    await guest.acked(given.execution_id);
    expect(await readExecution(database, given.execution_id)).toMatchObject({
      status: 'FAILED',
      exitCode: 3,
      truncated: true,
    });
  });

  it('a line that never ends keeps no more than the limit in memory, and a new connection begins anew', async () => {
    for (let count = 0; count < 3; count += 1) guest.sendBytes('z'.repeat(3 * MIB));
    guest.hangUp();
    await guest.hello({
      runs: [{ execution_id: given.execution_id, attempt: 1, state: 'running', boot_id: guest.bootId }],
    });
    await stillWorks();
  });

  it('a prefix torn off a line costs that line, the whole message behind it counts', async () => {
    guest.sendBytes('{"type":"metrics","data":{"cpu":');
    await stillWorks();
  });

  it('a forged vm_id changes nothing and is a security event; the socket counts', async () => {
    await schedule(database, { machineId: neighbour.vmId, scriptId });
    guest.ask({ vm_id: neighbour.vmId });
    await waitFor(async () => (await securityEvents()).length > 0, { what: 'a security event' });
    expect((await securityEvents())[0]).toMatchObject({ code: 'security.vm_id_mismatch', severity: 'warn' });
    expect(guest.scripts).toHaveLength(1);
    await stillWorks();
  });

  it("another machine's execution cannot be started, written to or ended", async () => {
    const [foreign] = await schedule(database, { machineId: neighbour.vmId, scriptId });
    await neighbour.hello();
    const theirs = await neighbour.script();
    const before = await readExecution(database, theirs.execution_id);
    const bus = new Bus(createLogger({ level: 'silent', app: 'test' }));
    const shown: string[] = [];
    bus.onEvent(BusEvents.executionOutput, ExecutionOutput, ({ data }) => void shown.push(data));
    await bus.listen();
    guest.started(theirs);
    guest.output(theirs, 0, 'forged');
    guest.complete(theirs, { exit_code: 0, stdout: 'forged' });
    await waitFor(async () => (await securityEvents()).length >= 3, { what: 'security events' });
    // Nor does it appear live where an operator follows that execution.
    neighbour.output(theirs, 0, 'true');
    await waitFor(() => shown.length > 0, { what: 'the output of the machine itself' });
    expect(shown.join('')).toBe('true');
    await bus.close();
    expect((await securityEvents()).map(({ code }) => code)).toEqual(
      expect.arrayContaining([
        'security.script_started_foreign',
        'security.script_output_foreign',
        'security.completion_foreign',
      ]),
    );
    await stillWorks();
    expect(await readExecution(database, foreign?.id ?? '')).toMatchObject({
      status: 'RUNNING',
      startConfirmed: false,
      epoch: before.epoch,
    });
    neighbour.complete(theirs);
    await neighbour.acked(theirs.execution_id);
  });

  it('a thousand ids and more that nobody knows are acked, counted and recorded up to a limit', async () => {
    for (let count = 0; count < 1500; count += 1) guest.complete({ execution_id: randomUUID(), attempt: 1 });
    guest.complete({ execution_id: `'; drop table machine; --`, attempt: 1 });
    guest.complete({ execution_id: 'x'.repeat(100_000), attempt: 1 });
    await stillWorks();
    expect((await securityEvents()).length).toBeLessThan(100);
    expect(await database.work().count(Machine, { id: guest.vmId })).toBe(1);
  }, 60_000);

  it('a run list of nonsense judges nothing but this machine', async () => {
    const runs = Array.from({ length: 500 }, () => ({
      execution_id: randomUUID(),
      attempt: 1,
      state: 'running',
      boot_id: 'x',
    }));
    await guest.hello({
      runs: [
        ...runs,
        { execution_id: given.execution_id, attempt: 1, state: 'running', boot_id: guest.bootId },
      ],
    });
    await stillWorks();
  });

  it('greeting without end neither ends its channel nor hands a script out twice', async () => {
    for (let count = 0; count < 300; count += 1)
      guest.send({
        type: 'handshake',
        vm_id: guest.vmId,
        version: '1',
        platform: 'linux',
        protocol: 2,
        session: guest.session,
        boot_id: guest.bootId,
        spool_id: guest.spoolId,
        runs: [{ execution_id: given.execution_id, attempt: 1, state: 'running', boot_id: guest.bootId }],
      });
    await stillWorks();
    expect(guest.scripts).toHaveLength(1);
  });

  it('an installation that begins and ends without end hands nothing out twice', async () => {
    const [row] = await schedule(database, { machineId: guest.vmId, scriptId, executionType: 'FIRST_BOOT' });
    const runs = [{ execution_id: given.execution_id, attempt: 1, state: 'running', boot_id: guest.bootId }];
    for (const setup of Array.from({ length: 40 }, () => ['running', 'done', 'never', null]).flat())
      guest.greet({ runs, setup });
    await stillWorks();
    // Whoever says nothing that is understood has finished.
    await guest.script(1);
    expect(guest.scripts.map(({ execution_id }) => execution_id)).toEqual([given.execution_id, row!.id]);
  });

  it('asking without end is answered without handing a script out twice', async () => {
    for (let count = 0; count < 500; count += 1) guest.ask();
    await stillWorks();
    expect(guest.scripts).toHaveLength(1);
  });

  it('output for runs that it invents takes no memory and reaches no row', async () => {
    for (let count = 0; count < 800; count += 1)
      guest.output({ ...given, execution_id: randomUUID() }, 0, 'x'.repeat(1000));
    guest.output(given, 2 ** 52, 'far away');
    await stillWorks();
  }, 60_000);

  it('a flood does not keep its neighbours waiting', async () => {
    await neighbour.hello();
    let flooding = true;
    const noise = `${JSON.stringify({ type: 'metrics', data: { noise: 'x'.repeat(2000) } })}\n`.repeat(50);
    const flood = (): void => {
      if (!flooding) return;
      guest.sendBytes(noise);
      setImmediate(flood);
    };
    flood();
    try {
      for (let count = 0; count < 10; count += 1) {
        await schedule(database, { machineId: neighbour.vmId, scriptId });
        neighbour.ask();
        const theirs = await neighbour.script(count);
        neighbour.complete(theirs);
        await neighbour.acked(theirs.execution_id);
      }
    } finally {
      flooding = false;
    }
  }, 60_000);

  it('that never reads does not fill the memory of the gateway', async () => {
    const deaf = await makeGuest();
    deaf.reads = false;
    deaf.hangUp();
    await deaf.connected();
    const before = process.memoryUsage().rss;
    deaf.send({
      type: 'handshake',
      vm_id: deaf.vmId,
      version: '1',
      platform: 'linux',
      protocol: 2,
      session: deaf.session,
      runs: [],
    });
    for (let count = 0; count < 50_000; count += 1)
      deaf.send({ type: 'keep_alive', timestamp: null, sequence_number: count });
    await waitFor(
      async () => (await database.work().findOneOrFail(Machine, { id: deaf.vmId })).channel === 'ready',
      {
        what: 'the hello to be seen',
      },
    );
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * MIB);
    await stillWorks();
    await deaf.close();
  }, 60_000);
});

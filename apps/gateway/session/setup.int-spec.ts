import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { adoptMachine, createCommand, type Database, Machine, type ScriptExecution } from '#db';
import { onBothDatabases } from '../../../test/support/servers/databases.js';
import { socketFolder, startGateway, type TestGateway } from '../../../test/support/apps/gateway.js';
import { FakeGuest } from '../../../test/support/guests/fake-guest.js';
import { readExecution, schedule, script } from '../../../test/support/rows/rows.js';
import { waitFor } from '../../../test/support/wait.js';

/** So rare that no sweep helps in a test. */
const NO_SWEEP = { SWEEP_SECONDS: '300', LEASE_SECONDS: '600' };

onBothDatabases('while the installation of a machine goes on', (given) => {
  let database: Database;
  let folders: ReturnType<typeof socketFolder>[];
  let gateways: TestGateway[];
  let guests: FakeGuest[];
  let vmId: string;
  let scriptId: string;

  beforeEach(async () => {
    ({ database } = given());
    [folders, gateways, guests] = [[], [], []];
    vmId = randomUUID();
    await database.transaction((work) => adoptMachine(work, { id: vmId, name: 'vm', os: 'linux' }));
    scriptId = await script(database);
  });
  afterEach(async () => {
    for (const guest of guests) await guest.close();
    for (const gateway of gateways) await gateway.stop();
    for (const folder of folders) folder.remove();
  });

  const folder = (): ReturnType<typeof socketFolder> => {
    const made = socketFolder();
    folders.push(made);
    return made;
  };
  const start = async (baseDir: string, env: NodeJS.ProcessEnv = {}): Promise<TestGateway> => {
    const gateway = await startGateway(given().url, baseDir, { ...NO_SWEEP, ...env });
    gateways.push(gateway);
    return gateway;
  };
  const guestIn = async (sockets: string): Promise<FakeGuest> => {
    const guest = await new FakeGuest(sockets, vmId).open();
    guests.push(guest);
    return guest;
  };
  /** A gateway and the machine's guest. */
  const begin = async (env: NodeJS.ProcessEnv = {}): Promise<FakeGuest> => {
    const { baseDir, sockets } = folder();
    await start(baseDir, env);
    return guestIn(sockets);
  };
  const row = async (more: object = {}): Promise<ScriptExecution> => {
    const [made] = await schedule(database, { machineId: vmId, scriptId, ...more });
    return made!;
  };
  const firstBoot = (more: object = {}): Promise<ScriptExecution> =>
    row({ executionType: 'FIRST_BOOT', ...more });
  const handed = (guest: FakeGuest): string[] => guest.scripts.map(({ execution_id }) => execution_id);
  const setup = async (): Promise<Machine['setup']> =>
    (await database.work().findOneOrFail(Machine, { id: vmId })).setup;
  /** Asks for scripts until there is an answer: everything before it has been handled. */
  const ask = async (guest: FakeGuest): Promise<void> => {
    const before = guest.count('pending_scripts_response');
    guest.ask();
    await waitFor(() => guest.count('pending_scripts_response') > before, { what: 'an answer' });
  };

  /** Says the end while the database cannot take it. */
  const sayDoneWithoutDatabase = async (guest: FakeGuest): Promise<void> => {
    await database.work().execute('alter table machine rename to machine_that_is_away');
    try {
      guest.greet({ setup: 'done' });
      guest.send({ type: 'keep_alive', sequence_number: 1, timestamp: 1 });
      await waitFor(() => guest.count('keep_alive_response'), { what: 'what comes after the hello' });
    } finally {
      await database.work().execute('alter table machine_that_is_away rename to machine');
    }
  };

  it('first-boot scripts wait and all else goes; its end sends them out at once', async () => {
    const [first, second] = [await firstBoot({ order: 0 }), await firstBoot({ order: 1 })];
    const wanted = await row({ order: 5 });
    const guest = await begin();
    const request = { type: 'UnsafeCommand' as const, rawCommand: 'true' };
    await database.transaction((work) =>
      createCommand(work, { machineId: vmId, request, timeoutSeconds: 60, triggeredBy: 'test' }),
    );
    await guest.hello({ setup: 'running' });
    await waitFor(() => guest.count('UnsafeCommand'), { what: 'the command' });
    const script = await guest.script();
    expect(script.execution_id).toBe(wanted.id);
    guest.complete(script);
    await guest.acked(wanted.id);
    await ask(guest);
    expect(handed(guest)).toEqual([wanted.id]);
    expect(await setup()).toBe('running');

    // The same hello again ends nothing; the end comes in the same session, without a connection of its own.
    await guest.hello({ setup: 'running' });
    await ask(guest);
    expect(handed(guest)).toEqual([wanted.id]);
    await guest.hello({ setup: 'done' });
    expect((await guest.script(1)).execution_id).toBe(first.id);
    expect(await setup()).toBe('done');
    guest.complete(guest.scripts[1]!);
    expect((await guest.script(2)).execution_id).toBe(second.id);
    expect(guest.connections).toBe(1);
  });

  it('a scheduled run starts at its time beside a first-boot script that waits', async () => {
    const waits = await firstBoot();
    const guest = await begin();
    await guest.hello({ setup: 'running' });
    const due = await row({ executionType: 'SCHEDULED', scheduledFor: new Date(Date.now() + 500) });
    // This look sets the timer.
    await ask(guest);
    expect(guest.scripts).toEqual([]);
    expect((await guest.script()).execution_id).toBe(due.id);
    expect((await readExecution(database, waits.id)).status).toBe('PENDING');
  });

  it.each([
    ['does not say it', {}],
    ['has finished', { setup: 'done' }],
    ['says what nobody knows', { setup: 7 }],
  ])('does not hold for an agent that %s', async (_what, says) => {
    await database.work().nativeUpdate(Machine, { id: vmId }, { setup: 'running' });
    const waits = await firstBoot();
    const guest = await begin();
    await guest.hello(says);
    expect((await guest.script()).execution_id).toBe(waits.id);
  });

  it('does not hold for the public agent, also where ours was before', async () => {
    await database.work().nativeUpdate(Machine, { id: vmId }, { setup: 'running', protocol: 2 });
    const waits = await firstBoot();
    const guest = await begin();
    await guest.helloPublic();
    guest.ask();
    expect((await guest.script()).execution_id).toBe(waits.id);
  });

  it('a gateway that starts anew keeps the rule, by the hello that it hears', async () => {
    const { baseDir, sockets } = folder();
    const waits = await firstBoot();
    const first = await start(baseDir);
    const guest = await guestIn(sockets);
    await guest.hello({ setup: 'running' });
    await first.stop();
    await start(baseDir);
    await waitFor(() => guest.connections >= 2 && guest.isConnected, { what: 'the new gateway' });
    await guest.hello({ setup: 'running' });
    await ask(guest);
    expect(handed(guest)).toEqual([]);
    // The end fell into a time without a connection: the next hello has it.
    guest.hangUp();
    await guest.connected();
    await guest.hello({ setup: 'done' });
    expect((await guest.script()).execution_id).toBe(waits.id);
  });

  it('the host that the machine moves to keeps the rule', async () => {
    const waits = await firstBoot();
    const before = await begin({ HOST_ID: 'host-a' });
    await before.hello({ setup: 'running' });
    const { baseDir, sockets } = folder();
    await start(baseDir, { HOST_ID: 'host-b' });
    const after = await guestIn(sockets);
    await after.hello({ session: before.session, setup: 'running' });
    await ask(after);
    expect(handed(after)).toEqual([]);
    await after.hello({ session: before.session, setup: 'done' });
    expect((await after.script()).execution_id).toBe(waits.id);
    expect(handed(before)).toEqual([]);
  });

  it('an end that the database could not take is not acked, and taken by the hello that comes again', async () => {
    const waits = await firstBoot();
    const guest = await begin();
    await guest.hello({ setup: 'running' });
    const acks = guest.count('handshake_ack');
    await sayDoneWithoutDatabase(guest);
    expect(guest.count('handshake_ack')).toBe(acks);
    await guest.hello({ setup: 'done' });
    expect((await guest.script()).execution_id).toBe(waits.id);
  });

  it('an end that the database could not take is taken by a sweep', async () => {
    const waits = await firstBoot();
    const guest = await begin({ SWEEP_SECONDS: '1' });
    await guest.hello({ setup: 'running' });
    await sayDoneWithoutDatabase(guest);
    expect((await guest.script()).execution_id).toBe(waits.id);
  });
});

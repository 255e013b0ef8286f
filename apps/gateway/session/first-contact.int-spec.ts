import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { adoptMachine, createCommand, type Database, Machine, MachineEvent, ScriptExecution } from '#db';
import { BusEvents } from '#protocol';
import { Bus, createLogger } from '#runtime';
import { onBothDatabases } from '../../../test/support/servers/databases.js';
import { socketFolder, startGateway, type TestGateway } from '../../../test/support/apps/gateway.js';
import { FakeGuest } from '../../../test/support/guests/fake-guest.js';
import { readExecution, schedule, script } from '../../../test/support/rows/rows.js';
import { waitFor } from '../../../test/support/wait.js';

/** As many as a gateway lets in at once. */
const ADMITTED = 16;

onBothDatabases('from a connection to the first answer', (given) => {
  let host: ReturnType<typeof socketFolder>;
  let database: Database;
  let gateway: TestGateway | null = null;
  let guests: FakeGuest[];

  beforeEach(() => {
    ({ database } = given());
    host = socketFolder();
    guests = [];
  });
  afterEach(async () => {
    for (const guest of guests) await guest.close();
    await gateway?.stop();
    gateway = null;
    host.remove();
  });

  const start = async (env: NodeJS.ProcessEnv = {}): Promise<void> => {
    gateway = await startGateway(given().url, host.baseDir, {
      HOST_ID: `host-${randomUUID().slice(0, 8)}`,
      ...env,
    });
  };
  const guest = async (os: 'linux' | 'windows' = 'linux'): Promise<FakeGuest> => {
    const made = new FakeGuest(host.sockets, randomUUID());
    guests.push(made);
    await database.transaction((work) => adoptMachine(work, { id: made.vmId, name: 'vm', os }));
    return made;
  };
  const becomes = (id: string, channel: string): Promise<unknown> =>
    waitFor(async () => (await database.work().findOneOrFail(Machine, { id })).channel === channel, {
      what: `the channel to be ${channel}`,
    });
  /** Of the event loop, in which both ends of a socket see what the other has done. */
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 50; turn += 1) await setImmediate();
  };

  it('a client that comes and goes before it is looked at leaves the next one its place', async () => {
    const machine = await guest();
    await start({ GATEWAY_SOCKET_MODE: 'listen' });
    await becomes(machine.vmId, 'missing');
    // Nobody is answered until this ends.
    await database.transaction(async (work) => {
      if (given().kind === 'PostgreSQL') await work.execute('lock table machine in access exclusive mode');
      await machine.dial();
      await turns();
      machine.hangUp();
      await turns();
    });
    await becomes(machine.vmId, 'guest-closed');
    await machine.dial();
    await machine.hello();
  });

  it('a connection about which the database could not be asked is given up, and the next one serves', async () => {
    const machine = await guest();
    await start();
    await database.work().execute('alter table machine rename to machine_that_is_away');
    try {
      await machine.open();
      await waitFor(() => machine.connections >= 2, { what: 'it to come again' });
    } finally {
      await database.work().execute('alter table machine_that_is_away rename to machine');
    }
    await waitFor(
      () => {
        machine.greet();
        return machine.count('handshake_ack') > 0;
      },
      { what: 'the hello to be acked' },
    );
  });

  it('guests that read nothing keep nobody out', async () => {
    const deaf = await Promise.all(Array.from({ length: ADMITTED }, () => guest()));
    for (const one of deaf) {
      one.reads = false;
      await one.open();
    }
    await start();
    // Its answers fill the sockets, and the gateway reads no more of them.
    let before: number[] = [];
    let same = 0;
    await waitFor(
      () => {
        for (const one of deaf)
          if (one.isConnected && one.unsent === 0) for (let line = 0; line < 500; line += 1) one.greet();
        const unsent = deaf.map((one) => one.unsent);
        same = unsent.every((bytes, index) => bytes > 0 && bytes === before[index]) ? same + 1 : 0;
        before = unsent;
        return same >= 20;
      },
      { what: 'the gateway to read no more' },
    );
    const good = await guest();
    await good.open();
    await good.hello();
  }, 60_000);

  describe('another gateway has heard the machine since this one connected', () => {
    const heardElsewhere = async (spoolBefore: string | null): Promise<[FakeGuest, string]> => {
      const machine = await guest();
      const id = machine.vmId;
      await database.work().nativeUpdate(Machine, { id }, { protocol: 2, spoolId: spoolBefore });
      const [row] = await schedule(database, { machineId: id, scriptId: await script(database) });
      await machine.open();
      await start();
      await becomes(id, 'silent');
      await database.work().nativeUpdate(Machine, { id }, { spoolId: 'of the other' });
      await database
        .work()
        .execute(
          `update script_execution set status = 'RUNNING', started_at = created_at, delivery_started_at = created_at, lease_owner = 'other#1' where id = ?`,
          [row!.id],
        );
      return [machine, row!.id];
    };

    it('with the same spool: what it handed out and the agent did not take goes out again', async () => {
      const [machine, id] = await heardElsewhere('an old one');
      await machine.hello({ spool_id: 'of the other' });
      expect((await machine.script()).execution_id).toBe(id);
    });

    it('with another spool: what it handed out may have run, and is not run again', async () => {
      const [machine, id] = await heardElsewhere(null);
      await machine.hello({ spool_id: 'a new one' });
      expect(await readExecution(database, id)).toMatchObject({
        status: 'FAILED',
        failureReason: 'AGENT_LOST',
      });
      expect(machine.scripts).toEqual([]);
    });
  });

  it('a machine that was deleted while it is connected is told nothing, and is not said to be elsewhere', async () => {
    const machine = await guest();
    const id = machine.vmId;
    await machine.open();
    await start();
    await becomes(id, 'silent');
    await database.work().nativeDelete(Machine, { id });
    machine.ask();
    machine.sendBytes('{"type":"not known"}\n');
    // Said in order: what was said before this was heard.
    await waitFor(
      () => database.work().count(MachineEvent, { machineId: id, code: 'line.unknown.not known' }),
      {
        what: 'the line after it',
      },
    );
    expect(machine.lines).toEqual([]);
    expect(await database.work().count(MachineEvent, { machineId: id, kind: 'security' })).toBe(0);
  });

  it('a script that becomes due while commands go out goes out after them', async () => {
    const machine = await guest('windows');
    const machineId = machine.vmId;
    await database.work().nativeUpdate(Machine, { id: machineId }, { protocol: 1, platform: 'windows' });
    const bus = new Bus(createLogger({ level: 'silent', app: 'test' }));
    await bus.listen();
    try {
      await machine.open();
      await start({ SWEEP_SECONDS: '3600' });
      await machine.connected();
      machine.ask();
      await waitFor(() => machine.count('pending_scripts_response') > 0, { what: 'the first answer' });
      const command = { type: 'UnsafeCommand', rawCommand: 'ver' } as const;
      for (let count = 0; count < 3; count += 1)
        await database.transaction((work) =>
          createCommand(work, { machineId, request: command, timeoutSeconds: 60, triggeredBy: 'test' }),
        );
      const scriptId = await script(database, 'echo 1', null, 'CMD');
      // This agent gets a line each half second: the third command goes out after that time.
      await schedule(database, { machineId, scriptId, scheduledFor: new Date(Date.now() + 500) });
      bus.emit(BusEvents.wake(null), { machineId });
      await waitFor(() => machine.count('UnsafeCommand') > 0, { what: 'the first command' });
      machine.send({ type: 'keep_alive', sequence_number: 1, timestamp: 1 });
      await waitFor(() => machine.count('keep_alive_response') > 0, { what: 'an answer after all of it' });
      expect(machine.scripts).toHaveLength(1);
      expect(await database.work().count(ScriptExecution, { machineId, status: 'RUNNING' })).toBe(1);
    } finally {
      await bus.close();
    }
  });
});

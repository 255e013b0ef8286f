import { randomUUID } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { adoptMachine, type Database, Machine, MachineEvent } from '#db';
import { BusEvents } from '#protocol';
import { Bus, createLogger } from '#runtime';
import { onBothDatabases } from '../../../test/support/servers/databases.js';
import { socketFolder, startGateway, type TestGateway } from '../../../test/support/apps/gateway.js';
import { FakeGuest } from '../../../test/support/guests/fake-guest.js';
import { readExecution, schedule, script } from '../../../test/support/rows/rows.js';
import { waitFor } from '../../../test/support/wait.js';

onBothDatabases('a gateway that listens', (given) => {
  let host: ReturnType<typeof socketFolder>;
  let database: Database;
  let gateway: TestGateway;
  let bus: Bus;
  let guest: FakeGuest;
  let scriptId: string;

  beforeAll(async () => {
    database = given().database;
    scriptId = await script(database, 'echo hello');
    bus = new Bus(createLogger({ level: 'silent', app: 'test' }));
    await bus.listen();
  });
  afterAll(() => bus.close());
  beforeEach(async () => {
    host = socketFolder();
    gateway = await startGateway(given().url, host.baseDir, {
      GATEWAY_SOCKET_MODE: 'listen',
      HOST_ID: `host-${randomUUID().slice(0, 8)}`,
    });
    guest = new FakeGuest(host.sockets, randomUUID());
  });
  afterEach(async () => {
    guest.hangUp();
    await gateway.stop();
    host.remove();
  });

  const register = async (): Promise<void> => {
    await database.transaction((work) => adoptMachine(work, { id: guest.vmId, name: 'vm', os: 'linux' }));
    bus.emit(BusEvents.wake(null), { machineId: guest.vmId });
  };
  const machine = (): Promise<Machine> => database.work().findOneOrFail(Machine, { id: guest.vmId });
  const becomes = (channel: string): Promise<Machine> =>
    waitFor(
      async () => {
        const row = await machine();
        return row.channel === channel ? row : null;
      },
      { what: `the channel to be ${channel}` },
    );

  it('has a socket for a machine as soon as it is known, and nobody else may write to it', async () => {
    await register();
    expect(await becomes('missing')).toMatchObject({
      channelDetail: expect.stringContaining('no QEMU has connected'),
      hostId: null,
    });
    expect((statSync(guest.file).mode & 0o777).toString(8)).toBe('660');
    const [row] = await schedule(database, { machineId: guest.vmId, scriptId });
    await guest.dial();
    await guest.hello();
    guest.complete(await guest.script());
    await guest.acked(row!.id);
    expect((await readExecution(database, row!.id)).status).toBe('SUCCESS');
    expect((await machine()).hostId).not.toBeNull();
  });

  it('takes QEMU back each time it comes, and turns a second client away', async () => {
    await register();
    await guest.dial();
    await guest.hello();
    const second = await new FakeGuest(host.sockets, guest.vmId).dial();
    await waitFor(() => !second.isConnected, { what: 'the second client to be turned away' });
    await waitFor(
      async () =>
        database.work().count(MachineEvent, { machineId: guest.vmId, code: 'security.second_client' }),
      { what: 'it to be told' },
    );
    expect(guest.isConnected).toBe(true);
    guest.hangUp();
    await becomes('guest-closed');
    await guest.dial();
    await guest.hello();
    await becomes('ready');
  });

  it('listens no more for a machine that was deleted, and leaves no socket behind', async () => {
    await register();
    await becomes('missing');
    await database.work().nativeDelete(Machine, { id: guest.vmId });
    await waitFor(() => !existsSync(guest.file), { what: 'the socket to go' });
  });

  it('takes over the socket of a gateway that was killed, and never that of a process that lives', async () => {
    const squatter: Server = createServer();
    await new Promise<void>((resolve) => squatter.listen(guest.file, resolve));
    await register();
    expect(await becomes('occupied')).toMatchObject({
      channelDetail: expect.stringContaining('another process listens'),
    });
    // As kill -9 leaves it: the file is there, and nobody answers.
    await new Promise<void>((resolve) => squatter.close(() => resolve()));
    FakeGuest.leaveDeadSocket(guest.file);
    await guest.dial();
    await guest.hello();
    await becomes('ready');
  });
});

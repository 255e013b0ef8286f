import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeEach, expect, it } from '@jest/globals';
import { adoptMachine, type Database, Machine, recordChannel, recordHello, takeLease } from '#db';
import { onBothDatabases } from '../../../test/support/servers/databases.js';
import { socketFolder, startGateway, type TestGateway } from '../../../test/support/apps/gateway.js';
import { FakeGuest } from '../../../test/support/guests/fake-guest.js';
import { waitFor } from '../../../test/support/wait.js';

onBothDatabases('a machine that a gateway holds', (given) => {
  const host = socketFolder();
  const elsewhere = socketFolder();
  let database: Database;
  let gateway: TestGateway;
  let guest: FakeGuest;
  let id: string;

  beforeEach(async () => {
    ({ database } = given());
    id = randomUUID();
    await database.transaction((work) => adoptMachine(work, { id, name: 'vm', os: 'linux' }));
    guest = await new FakeGuest(host.sockets, id).open();
    gateway = await startGateway(given().url, host.baseDir);
    await guest.hello();
  });
  afterEach(async () => {
    await guest.close();
    await gateway.stop();
  });

  afterAll(() => {
    host.remove();
    elsewhere.remove();
  });

  const machine = (): Promise<Machine> => database.work().findOneOrFail(Machine, { id });

  it('is left alone by a second one of the same host, which ends at the taken port', async () => {
    const before = await machine();
    expect(before).toMatchObject({ channel: 'ready', hostId: 'host-a' });
    const port = Number(new URL(gateway.app.url).port);
    // Its folder has no sockets: a gateway that had begun would have shown them as missing.
    await expect(startGateway(given().url, elsewhere.baseDir, {}, undefined, port)).rejects.toThrow(
      'GATEWAY_PORT',
    );
    const { channel, leaseOwner, epoch } = await machine();
    expect({ channel, leaseOwner, epoch }).toEqual({
      channel: 'ready',
      leaseOwner: before.leaseOwner,
      epoch: before.epoch,
    });
  });

  it('is shown as it is again, whoever has written something else', async () => {
    await database.work().nativeUpdate(Machine, { id }, { channel: 'missing', channelDetail: 'no socket' });
    await waitFor(async () => (await machine()).channel === 'ready', { what: 'the row to be corrected' });
    expect((await machine()).channelDetail).toBeNull();
    await guest.close();
    await waitFor(async () => (await machine()).channel === 'missing', { what: 'the change after it' });
  });

  it('keeps what its holder wrote of it, also from another process of the same host', async () => {
    const { leaseOwner, bootId } = await machine();
    const another = 'host-a#another';
    const seen = { machineId: id, owner: another, hostId: 'host-a', state: 'missing' as const, detail: null };
    expect(await recordChannel(database.work(), seen)).toBe(false);
    const hello = {
      protocol: 2,
      agentVersion: '9',
      agentSha256: null,
      platform: 'linux',
      arch: null,
      bootId: 'boot-9',
      spoolId: null,
      secret: null,
    };
    const said = await recordHello(database.work(), { id, owner: another }, hello);
    expect(said).toMatchObject({ recorded: false, facts: { bootId: 'boot-9' } });
    expect(await machine()).toMatchObject({ channel: 'ready', bootId });
    expect((await recordHello(database.work(), { id, owner: leaseOwner! }, hello))?.recorded).toBe(true);
    expect(await machine()).toMatchObject({ bootId: 'boot-9' });
  });

  it('is written down as its hello says once the one that held it is gone', async () => {
    await guest.close();
    const other = randomUUID();
    await database.transaction((work) => adoptMachine(work, { id: other, name: 'vm', os: 'linux' }));
    const lease = { machineId: other, owner: 'host-b#1', hostId: 'host-b', seconds: 600 };
    await takeLease(database.work(), lease);
    const visitor = await new FakeGuest(host.sockets, other).open();
    const row = (): Promise<Machine> => database.work().findOneOrFail(Machine, { id: other });
    try {
      await visitor.hello();
      expect(await row()).toMatchObject({ leaseOwner: 'host-b#1', bootId: null });
      await database.work().nativeUpdate(Machine, { id: other }, { leaseExpiresAt: new Date(0) });
      await waitFor(async () => (await row()).bootId === visitor.bootId, { what: 'the hello to count' });
      expect(await row()).toMatchObject({ hostId: 'host-a', channel: 'ready', protocol: 2 });
    } finally {
      await visitor.close();
    }
  });
});

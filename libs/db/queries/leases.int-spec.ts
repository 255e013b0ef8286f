import { beforeEach, expect, it } from '@jest/globals';
import {
  adoptMachine,
  type Database,
  Machine,
  recordInstallation,
  releaseLease,
  renewLeases,
  takeLease,
} from '../index.js';
import { dialectOf } from '../sql.js';
import { newId, onBothDatabases } from '../../../test/support/servers/databases.js';

const A = 'host-a#1';
const B = 'host-b#2';

onBothDatabases("a machine's lease", (given) => {
  let database: Database;
  let machineId: string;

  beforeEach(async () => {
    ({ database } = given());
    machineId = newId();
    await database.transaction((work) => adoptMachine(work, { id: machineId, name: 'vm' }));
  });

  const take = (owner: string, session: string | null = null): Promise<number | null> =>
    takeLease(database.work(), { machineId, owner, hostId: owner.split('#')[0]!, seconds: 60, session });
  const read = (): Promise<Machine> => database.work().findOneOrFail(Machine, { id: machineId });
  const end = (): Promise<unknown> => {
    const work = database.work();
    return work.execute(
      `update machine set lease_expires_at = ${dialectOf(work).nowPlusSeconds} where id = ?`,
      [-1, machineId],
    );
  };

  it('goes to whoever asks first; its owner may take it again without a new epoch', async () => {
    expect(await take(A)).toBe(1);
    expect(await take(A)).toBe(1);
    expect(await take(B)).toBeNull();
    expect(await read()).toMatchObject({ leaseOwner: A, hostId: 'host-a', epoch: 1 });
  });

  it('goes to one of many who ask at once', async () => {
    const owners = Array.from({ length: 8 }, (_, n) => `host-${n}#x`);
    const epochs = await Promise.all(owners.map((owner) => take(owner)));
    expect(epochs.filter((epoch) => epoch !== null)).toEqual([1]);
  });

  it('says who may write down how far the installation is', async () => {
    const say = async (owner: string, setup: 'running' | 'done' | null): Promise<boolean> =>
      (await recordInstallation(database.work(), { machineId, owner, setup, medium: null })) !== null;
    expect(await say(A, 'running')).toBe(false);
    await take(A);
    expect(await say(A, 'running')).toBe(true);
    expect(await say(B, 'done')).toBe(false);
    expect(await read()).toMatchObject({ setup: 'running' });
    await end();
    expect(await say(A, 'done')).toBe(false);
    await take(B);
    expect(await say(B, null)).toBe(true);
    expect(await say(A, 'running')).toBe(false);
    expect(await read()).toMatchObject({ setup: null });
  });

  it('passes on when it has ended, with the next epoch', async () => {
    await take(A);
    await end();
    expect(await take(B)).toBe(2);
    expect(await take(A)).toBeNull();
  });

  it('passes on at once to a host that the machine has migrated to: its agent goes on with its session', async () => {
    await take(A, 'first');
    expect(await take(B, 'another')).toBeNull();
    // Asking has not made it the machine's session.
    expect(await take(B, 'another')).toBeNull();
    expect(await take(B)).toBeNull();
    expect(await take(B, 'first')).toBe(2);
    expect(await read()).toMatchObject({ leaseOwner: B, hostId: 'host-b', session: 'first' });
  });

  it('passes on at once to another process of the same host, and not of one whose name begins alike', async () => {
    await take('host-a#1');
    expect(await take('host#1')).toBeNull();
    expect(await take('host-#1')).toBeNull();
    expect(await take('host-a#2')).toBe(2);
  });

  it('is renewed while it holds, and not once it has ended', async () => {
    await take(A);
    expect(await renewLeases(database.work(), A, 60)).toContain(machineId);
    expect(await renewLeases(database.work(), B, 60)).not.toContain(machineId);
    await end();
    expect(await renewLeases(database.work(), A, 60)).not.toContain(machineId);
  });

  it('is given up by its owner alone', async () => {
    await take(A);
    await releaseLease(database.work(), machineId, B);
    expect((await read()).leaseOwner).toBe(A);
    await releaseLease(database.work(), machineId, A);
    expect(await take(B)).toBe(2);
  });
});

onBothDatabases('adopting a machine', (given) => {
  it('makes one machine of requests that come at once', async () => {
    const { database } = given();
    const id = newId();
    const results = await Promise.all(
      Array.from({ length: 6 }, () => database.transaction((work) => adoptMachine(work, { id, name: 'vm' }))),
    );
    expect(results.filter(({ existed }) => !existed)).toHaveLength(1);
    expect(await database.work().count(Machine, { id })).toBe(1);
  });

  it('takes over the socket that nobody had registered, and leaves a registered machine as it is', async () => {
    const { database } = given();
    const id = newId();
    const work = database.work();
    const { now } = dialectOf(work);
    await work.execute(
      `insert into machine (id, name, registered, channel, max_concurrent, epoch, host_id, created_at, updated_at) values (?, ?, false, 'ready', 1, 0, 'host-a', ${now}, ${now})`,
      [id, id],
    );
    const adopted = await database.transaction((tx) => adoptMachine(tx, { id, name: 'web-1', os: 'linux' }));
    expect(adopted).toMatchObject({
      existed: false,
      machine: { name: 'web-1', registered: true, os: 'linux', hostId: 'host-a', channel: 'ready' },
    });
    const again = await database.transaction((tx) => adoptMachine(tx, { id, name: 'web-2' }));
    expect(again).toMatchObject({ existed: true, machine: { name: 'web-1' } });
  });
});

import { randomUUID } from 'node:crypto';
import { beforeEach, expect, it } from '@jest/globals';
import { adoptMachine, Machine } from '#db';
import { onBothDatabases } from '../../../test/support/servers/databases.js';
import { Lease } from './lease.js';

onBothDatabases('the lease of a machine', (given) => {
  let machineId: string;
  const lease = (HOST_ID: string): Lease => new Lease(given().database, { HOST_ID, LEASE_SECONDS: 60 });
  const end = async (): Promise<void> => {
    await given()
      .database.work()
      .nativeUpdate(Machine, { id: machineId }, { leaseExpiresAt: new Date(0) });
  };

  beforeEach(async () => {
    machineId = randomUUID();
    await given().database.transaction((work) => adoptMachine(work, { id: machineId, name: 'vm' }));
  });

  it('is held by whoever took it first, until it is released', async () => {
    const [first, second] = [lease('host-a'), lease('host-b')];
    expect(await first.take(machineId, 'one')).toBe(true);
    expect(await second.take(machineId, 'two')).toBe(false);
    expect([first.holds(machineId), second.holds(machineId)]).toEqual([true, false]);
    await first.release(machineId);
    expect(first.holds(machineId)).toBe(false);
    expect(await second.take(machineId, 'two')).toBe(true);
  });

  it('is lost at the renewal that finds it ended, and can be taken again', async () => {
    const ours = lease('host-a');
    await ours.take(machineId, 'one');
    await ours.renew();
    expect(ours.holds(machineId)).toBe(true);
    await end();
    await ours.renew();
    expect(ours.holds(machineId)).toBe(false);
    expect(await ours.take(machineId, 'one')).toBe(true);
  });

  it('is lost at the renewal after another gateway has taken it', async () => {
    const [ours, other] = [lease('host-a'), lease('host-b')];
    await ours.take(machineId, 'one');
    // The same session elsewhere: the machine has migrated.
    expect(await other.take(machineId, 'one')).toBe(true);
    await ours.renew();
    expect([ours.holds(machineId), other.holds(machineId)]).toEqual([false, true]);
  });

  it('is not forgotten when it is taken after the renewal of the others has looked', async () => {
    let renewalGoesOn = (): void => undefined;
    const taken = new Promise<void>((resolve) => (renewalGoesOn = resolve));
    const answersLate = given().database.work();
    const execute = answersLate.execute.bind(answersLate);
    answersLate.execute = (async (query: string, parameters: unknown[]) => {
      const rows = await execute(query, parameters);
      await taken;
      return rows;
    }) as typeof execute;
    const works = [answersLate, given().database.work()];
    const ours = new Lease({ work: () => works.shift()! }, { HOST_ID: 'host-a', LEASE_SECONDS: 60 });
    const renewed = ours.renew();
    await ours.take(machineId, 'one');
    renewalGoesOn();
    await renewed;
    expect(ours.holds(machineId)).toBe(true);
  });
});

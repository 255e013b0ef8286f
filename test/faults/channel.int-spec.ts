import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { adoptMachine } from '#db';
import { GuestMessage } from '../../libs/protocol/channel/guest-messages.js';
import { socketFolder, startGateway, type TestGateway } from '../support/apps/gateway.js';
import { onFaultyDatabases } from '../support/database-faults/on-faulty-databases.js';
import { FakeGuest } from '../support/guests/fake-guest.js';
import { waitFor } from '../support/wait.js';
import { CHANNEL_CASES, type ChannelCase, type Talk } from './channel-cases.js';

const STATEMENTS_LIMIT = 100;

onFaultyDatabases('a message of a guest whose N-th statement fails', (given, plan) => {
  const host = socketFolder();
  let gateway: TestGateway;
  beforeAll(async () => {
    // What the gateway does by itself must not take the faults that are meant for a message.
    gateway = await startGateway(given().faults.url, host.baseDir, {
      SWEEP_SECONDS: '3600',
      LEASE_SECONDS: '3600',
    });
  });
  const guests: FakeGuest[] = [];
  afterAll(async () => {
    for (const guest of guests) await guest.close();
    await gateway.stop();
    host.remove();
  });

  const begin = async (kind: ChannelCase): Promise<Talk> => {
    const { database } = given();
    const vmId = randomUUID();
    await database.transaction((work) => adoptMachine(work, { id: vmId, name: vmId, os: 'linux' }));
    const guest = await new FakeGuest(host.sockets, vmId).open();
    guests.push(guest);
    await guest.hello();
    const talk: Talk = { guest, database, given: {} };
    await kind.prepare?.(talk);
    return talk;
  };

  it('is known, with one that is heeded', () => {
    const types = GuestMessage.options.map(({ shape }) => shape.type.value as string);
    expect(Object.keys(CHANNEL_CASES).toSorted()).toEqual(types.toSorted());
  });

  it.each(Object.entries(CHANNEL_CASES))('%s comes to pass when it is said again', async (type, kind) => {
    let number = 1;
    for (; number < STATEMENTS_LIMIT; number += 1) {
      const talk = await begin(kind);
      const { guest } = talk;
      let failed: string | null = null;
      given().faults.arm({ ...plan, number });
      kind.say(talk);
      await waitFor(async () => given().faults.hasFailed() || (await kind.isDone(talk)), {
        what: `${type} to be heeded, or statement ${number} to fail`,
      });
      failed = given().faults.disarm();
      if (failed === null) {
        await guest.close();
        break;
      }
      // As every agent does after a cut: hello, and what was not acked once more.
      guest.hangUp();
      await guest.hello({ runs: runsOf(talk) });
      if (!(await kind.isDone(talk))) kind.say(talk);
      await waitFor(() => kind.isDone(talk), { what: `${type} after statement ${number} failed: ${failed}` });
      await guest.close();
    }
    expect(number).toBeLessThan(STATEMENTS_LIMIT);
    if (!plan.only) expect([type, number === 1]).toEqual([type, kind.asksNothing === true]);
  });
});

/** What the guest has of the script that it was given. */
function runsOf({ guest, given: { script } }: Talk): object[] {
  if (!script) return [];
  const { execution_id, attempt } = script;
  return [{ execution_id, attempt, state: 'running', boot_id: guest.bootId }];
}

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { adoptMachine, type Database, Machine, migrateToLatest, openDatabase } from '#db';
import { giveBackMemory } from '#runtime';
import { CONSOLE_TOKEN, startConsole } from '../support/apps/console.js';
import { startDistribution } from '../support/apps/distribution.js';
import { socketFolder, startGateway, type TestGateway } from '../support/apps/gateway.js';
import { FakeGuest } from '../support/guests/fake-guest.js';
import { newHelloToken } from '../support/guests/guest-port.js';
import { machineWithLease, schedule } from '../support/rows/rows.js';
import { emptyDatabase } from '../support/servers/databases.js';

const MIB = 1_048_576;
const MACHINES = 500;
/** One machine may open one session a second: so many hellos of each. */
const ROUNDS = 20;
const AT_ONCE = 100;

/** Bytes of objects that are still needed. */
function heap(): number {
  giveBackMemory();
  return process.memoryUsage().heapUsed;
}

/** What comes and goes again and again leaves nothing in memory. */
describe('memory', () => {
  const empty = emptyDatabase('SQLite');
  let database: Database;
  beforeAll(async () => {
    database = await openDatabase(empty.url);
    await migrateToLatest(database);
  });
  afterAll(async () => {
    await database.close();
    empty.remove();
  });

  it(`returns after ${MACHINES * ROUNDS} hellos of ${MACHINES} machines`, async () => {
    const host = socketFolder();
    const gateway: TestGateway = await startGateway(empty.url, host.baseDir);
    const guests: FakeGuest[] = [];
    try {
      for (let count = 0; count < MACHINES; count += 1) {
        const id = randomUUID();
        await database.transaction((work) => adoptMachine(work, { id, name: 'vm', os: 'linux' }));
        guests.push(await new FakeGuest(host.sockets, id).open());
      }
      const greetAll = async (): Promise<void> => {
        for (let at = 0; at < MACHINES; at += AT_ONCE)
          await Promise.all(
            guests.slice(at, at + AT_ONCE).map(async (guest) => {
              await guest.hello({ session: randomUUID().replaceAll('-', ''), hello: newHelloToken() });
              guest.lines.length = 0;
            }),
          );
      };
      await greetAll();
      await greetAll();
      const before = heap();
      for (let round = 2; round < ROUNDS; round += 1) await greetAll();
      expect(heap() - before).toBeLessThan(16 * MIB);
      expect(await database.work().count(Machine, { channel: 'ready' })).toBe(MACHINES);
    } finally {
      await Promise.all(guests.map((guest) => guest.close()));
      await gateway.stop();
      host.remove();
    }
  }, 900_000);

  it('returns after a thousand followers have come and gone', async () => {
    const server = await startConsole(empty.url);
    try {
      const [row] = await schedule(database, { machineId: await machineWithLease(database) });
      const follow = async (): Promise<void> => {
        const abort = new AbortController();
        const headers = { authorization: `Bearer ${CONSOLE_TOKEN}` };
        const url = `${server.url}/api/executions/${row?.id}/events`;
        const response = await fetch(url, { headers, signal: abort.signal });
        expect(response.status).toBe(200);
        await response.body!.getReader().read();
        abort.abort();
      };
      for (let count = 0; count < 50; count += 1) await follow();
      const before = heap();
      for (let count = 0; count < 1000; count += 1) await follow();
      expect(heap() - before).toBeLessThan(16 * MIB);
    } finally {
      await server.stop();
    }
  }, 300_000);

  it('returns after a thousand downloads, whole and given up', async () => {
    const server = await startDistribution({ 'binaries/linux/infiniservice': Buffer.alloc(MIB) });
    try {
      const download = async (whole: boolean): Promise<void> => {
        const abort = new AbortController();
        const response = await fetch(`${server.url}/infiniservice/linux/binary`, { signal: abort.signal });
        if (whole) expect((await response.arrayBuffer()).byteLength).toBe(MIB);
        else abort.abort();
      };
      for (let count = 0; count < 50; count += 1) await download(count % 2 === 0);
      const before = heap();
      for (let count = 0; count < 1000; count += 1) await download(count % 2 === 0);
      expect(heap() - before).toBeLessThan(16 * MIB);
    } finally {
      await server.stop();
    }
  }, 300_000);
});

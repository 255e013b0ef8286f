import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { adoptMachine, type Database, Machine, migrateToLatest, openDatabase, ScriptExecution } from '#db';
import { BusEvents } from '#protocol';
import { Bus, createLogger } from '#runtime';
import { startApp } from '../support/apps/apps.js';
import { newId } from '../support/servers/databases.js';
import { SpoolGuest } from '../support/guests/spool-guest.js';
import { freePort, type Running } from '../support/processes/processes.js';
import { schedule, script } from '../support/rows/rows.js';
import { type Postgres, startPostgres } from '../support/servers/postgres.js';
import { type RedisServer, startRedis } from '../support/servers/redis.js';
import { waitFor } from '../support/wait.js';

const MACHINES = 50;
const LEASE_SECONDS = 2;
/** `npm run test:pair` sets it: 10 rounds are 500 machines, each with a schedule of its own. */
const ROUNDS = Number(process.env['PAIR_ROUNDS'] ?? 1);

/**
 * Two hosts, a gateway on each; machines migrate between them, and one gateway sleeps for two leases in the
 * midst of it.
 */
describe('two gateways', () => {
  const hosts = ['host-a', 'host-b'].map((id) => {
    const folder = mkdtempSync(join(tmpdir(), `infinibay-${id}-`));
    mkdirSync(join(folder, 'sockets'), { mode: 0o750 });
    return { id, folder, sockets: join(folder, 'sockets') };
  });
  const gateways: Running[] = [];
  let postgres: Postgres;
  let redis: RedisServer;
  let database: Database;
  let bus: Bus;
  let scriptId: string;

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    const url = await postgres.createDatabase();
    database = await openDatabase(url);
    await migrateToLatest(database);
    bus = new Bus(createLogger({ level: 'silent', app: 'test' }), redis.url);
    await bus.listen();
    scriptId = await script(database, 'true');
    for (const { id, folder } of hosts) {
      const port = await freePort();
      const env = {
        INFINIBAY_BASE_DIR: folder,
        DATABASE_URL: url,
        REDIS_URL: redis.url,
        HOST_ID: id,
        GATEWAY_PORT: String(port),
        LEASE_SECONDS: String(LEASE_SECONDS),
        SWEEP_SECONDS: '1',
        LOG_LEVEL: 'warn',
      };
      gateways.push(await startApp('gateway', env, `http://127.0.0.1:${port}`));
    }
  }, 120_000);
  afterAll(async () => {
    for (const gateway of gateways) await gateway.stop('SIGKILL');
    await bus?.close();
    await database?.close();
    await redis?.stop();
    await postgres?.stop();
    for (const { folder } of hosts) rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  /** Something that happens at a time of its own. */
  interface Event {
    at: number;
    run(): Promise<unknown>;
  }

  async function machineWithGuest(host: number): Promise<SpoolGuest> {
    const id = newId();
    await database.transaction((work) => adoptMachine(work, { id, name: id, os: 'linux' }));
    const guest = new SpoolGuest(id, () => Math.random() * 1500);
    await guest.moveTo(hosts[host]!.sockets);
    return guest;
  }

  /**
   * One machine's schedule: runs that are asked for, and moves between the hosts, at random times of the six
   * seconds.
   */
  function plan(guest: SpoolGuest, ids: string[]): Event[] {
    const time = (): number => Math.random() * 6000;
    const asks = Array.from({ length: 1 + Math.floor(Math.random() * 4) }, () => ({
      at: time(),
      run: async () => {
        const [row] = await schedule(database, { machineId: guest.vmId, scriptId });
        ids.push(row!.id);
        bus.emit(BusEvents.wake(null), { machineId: guest.vmId });
      },
    }));
    let host = 0;
    const moves = Array.from({ length: Math.floor(Math.random() * 4) }, () => ({
      at: time(),
      run: () => guest.moveTo(hosts[(host = 1 - host)]!.sockets),
    }));
    return [...asks, ...moves];
  }

  it.each(Array.from({ length: ROUNDS }, (_, round) => round + 1))(
    `start nothing twice and lose nothing while one of them sleeps (round %i, ${MACHINES} machines)`,
    async () => {
      const guests = await Promise.all(Array.from({ length: MACHINES }, () => machineWithGuest(0)));
      const ids: string[] = [];
      try {
        await waitFor(
          async () =>
            (await database.work().count(Machine, {
              id: { $in: guests.map(({ vmId }) => vmId) },
              channel: 'ready',
            })) === MACHINES,
          { what: 'all machines to be ready', deadlineMs: 60_000 },
        );
        const sleeper = gateways[0]!.child;
        const sleepAt = Math.random() * 1500;
        const events: Event[] = [
          ...guests.flatMap((guest) => plan(guest, ids)),
          { at: sleepAt, run: async () => sleeper.kill('SIGSTOP') },
          { at: sleepAt + 2 * LEASE_SECONDS * 1000, run: async () => sleeper.kill('SIGCONT') },
        ];
        await Promise.all(
          events.map(async (event) => {
            await new Promise((resolve) => setTimeout(resolve, event.at));
            await event.run();
          }),
        );
        await waitFor(
          async () => {
            const open = await database.work().find(ScriptExecution, { id: { $in: ids }, completedAt: null });
            if (open.length > 0) throw new Error(JSON.stringify(open[0]));
            return true;
          },
          { what: 'all runs to end', deadlineMs: 90_000, everyMs: 200 },
        );
        const rows = await database.work().find(ScriptExecution, { id: { $in: ids } });
        expect(rows).toHaveLength(ids.length);
        const starts = new Map(guests.flatMap((guest) => [...guest.starts]));
        for (const row of rows) {
          expect(row).toMatchObject({ status: 'SUCCESS', attempt: 1, stdout: `${row.id} ran true` });
          expect(starts.get(row.id)).toBe(1);
        }
        expect(guests.flatMap(({ doubles }) => doubles)).toEqual([]);
      } finally {
        gateways[0]!.child.kill('SIGCONT');
        await Promise.all(guests.map((guest) => guest.remove()));
      }
    },
    240_000,
  );
});

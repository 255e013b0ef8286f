import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  claimDue,
  type Database,
  migrateToLatest,
  openDatabase,
  recordCompletion,
  recordDelivery,
  ScriptExecution,
} from '#db';
import { Operator, startApp, TOKEN } from '../support/apps/apps.js';
import { freePort, type Running } from '../support/processes/processes.js';
import { completion, schedule, script } from '../support/rows/rows.js';
import { startPostgres } from '../support/servers/postgres.js';
import { startRedis } from '../support/servers/redis.js';
import { waitFor } from '../support/wait.js';
import { type Figure, percentile } from './figures.js';
import { allReady, manyMachines, startSwarm, type Swarm, usage } from './swarm.js';

const HOST = 'bench';
const CONNECTED = 1000;
const IDLE = 5000;
const IDLE_SECONDS = 60;
const FLOOD_SECONDS = 60;

/** A gateway, and a console beside it, on a database of its own. */
interface Fleet {
  readonly base: string;
  readonly sockets: string;
  readonly database: Database;
  readonly gateway: Running;
  readonly operator: Operator;
  stop(): Promise<void>;
}

export async function startFleet(kind: 'SQLite' | 'PostgreSQL'): Promise<Fleet> {
  const base = mkdtempSync(join(tmpdir(), 'infinibay-bench-'));
  const sockets = join(base, 'sockets');
  mkdirSync(sockets, { mode: 0o750 });
  const ends: (() => Promise<unknown>)[] = [];
  const env: Record<string, string> = {
    INFINIBAY_BASE_DIR: base,
    CONSOLE_TOKEN: TOKEN,
    HOST_ID: HOST,
    INFINISERVICE_HMAC_MASTER_SECRET: 'the master secret of the bench',
    LOG_LEVEL: 'warn',
  };
  if (kind === 'PostgreSQL') {
    const [postgres, redis] = await Promise.all([startPostgres({ fsync: true }), startRedis()]);
    ends.push(
      () => postgres.stop(),
      () => redis.stop(),
    );
    env['DATABASE_URL'] = await postgres.createDatabase();
    env['REDIS_URL'] = redis.url;
  } else env['DATABASE_URL'] = `sqlite:${join(base, 'infinibay.db')}`;
  const database = await openDatabase(env['DATABASE_URL']);
  await migrateToLatest(database);
  const [port, consolePort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${consolePort}`;
  let gateway: Running;
  if (kind === 'PostgreSQL') {
    const app = await startApp('console', { ...env, CONSOLE_PORT: String(consolePort) }, url);
    gateway = await startApp('gateway', { ...env, GATEWAY_PORT: String(port) }, `http://127.0.0.1:${port}`);
    ends.unshift(() => app.stop());
  } else {
    const own = { ...env, PORT: String(port), CONSOLE_PORT: String(consolePort) };
    gateway = await startApp('standalone', own, url);
  }
  return {
    base,
    sockets,
    database,
    gateway,
    operator: new Operator(url),
    stop: async () => {
      await gateway.stop(process.env['PROF'] ? 'SIGTERM' : 'SIGKILL');
      await database.close();
      for (const end of ends) await end();
      rmSync(base, { recursive: true, force: true });
    },
  };
}

/**
 * A thousand connected machines: how soon a script starts, on time and at once, how many results a second,
 * and what a flood does to the others.
 */
export async function benchFleet(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const kind of ['SQLite', 'PostgreSQL'] as const) {
    const fleet = await startFleet(kind);
    let swarm: Swarm | null = null;
    try {
      const ids = await manyMachines(fleet.database, CONNECTED, HOST);
      swarm = await startSwarm(fleet.sockets, ids, { heartbeatMs: 1000 });
      await allReady(fleet.database, CONNECTED);
      figures.push(...(await pushes(kind, fleet, swarm, ids)));
      figures.push(await onTime(kind, fleet, swarm, ids));
      if (kind === 'PostgreSQL') figures.push(...(await flood(fleet, swarm, ids)));
    } finally {
      swarm?.stop();
      await fleet.stop();
    }
    figures.push(await results(kind));
  }
  return figures;
}

async function pushes(kind: string, fleet: Fleet, swarm: Swarm, ids: string[]): Promise<Figure[]> {
  const scriptId = await fleet.operator.script('bench', 'true');
  const samples: number[] = [];
  for (let index = -20; index < 400; index += 1) {
    const begun = process.hrtime.bigint();
    const { id } = await fleet.operator.run(ids[(index + 20) % ids.length] ?? '', scriptId);
    const at = await waitFor(() => swarm.startedAt(id), { what: 'the start', everyMs: 1 });
    if (index >= 0) samples.push(Number(at - begun) / 1e6);
  }
  const what = `${CONNECTED} connected, ${kind}: API call to script started`;
  return [
    { what: `${what}, p50`, value: percentile(samples, 0.5), unit: 'ms', target: 15 },
    { what: `${what}, p99`, value: percentile(samples, 0.99), unit: 'ms', target: 100 },
  ];
}

/** The latest of 100 runs that were due at one time. */
async function onTime(kind: string, fleet: Fleet, swarm: Swarm, ids: string[]): Promise<Figure> {
  const scriptId = await script(fleet.database, 'true');
  const due = new Date(Date.now() + 4000);
  const monotonic = process.hrtime.bigint() + BigInt(due.getTime() - Date.now()) * 1_000_000n;
  const { items } = await fleet.operator.request<{ items: { id: string }[] }>('POST', '/executions', {
    scriptId,
    machineIds: ids.slice(0, 100),
    scheduledFor: due.toISOString(),
  });
  const late: number[] = [];
  for (const { id } of items) {
    const at = await waitFor(() => swarm.startedAt(id), { what: 'the start', deadlineMs: 60_000 });
    late.push(Number(at - monotonic) / 1e6);
  }
  return {
    what: `100 runs due at one moment, ${kind}: the last one's delay`,
    value: Math.max(...late),
    unit: 'ms',
    target: 1000,
  };
}

async function flood(fleet: Fleet, swarm: Swarm, ids: string[]): Promise<Figure[]> {
  const { pid = 0 } = fleet.gateway.child;
  await swarm.latencies();
  await pause(10_000);
  const quiet = percentile(await swarm.latencies(), 0.99);
  const before = usage(pid).rssMb;
  swarm.tell(`flood ${ids[0]}`);
  await pause(FLOOD_SECONDS * 1000);
  const loud = percentile(await swarm.latencies(), 0.99);
  const growth = usage(pid).rssMb - before;
  const what = `one of ${CONNECTED} floods for ${FLOOD_SECONDS} s`;
  return [
    {
      what: `${what}: a quiet one's keep-alive, p99`,
      value: loud,
      unit: 'ms',
      target: 100,
      against: { what: 'before the flood', value: quiet },
    },
    { what: `${what}: growth of the gateway`, value: growth, unit: 'MB', target: 64 },
  ];
}

/** Results a second through the gateway, beside a loop that does nothing but the same statements. */
async function results(kind: 'SQLite' | 'PostgreSQL'): Promise<Figure> {
  const fleet = await startFleet(kind);
  let swarm: Swarm | null = null;
  try {
    const guests = await manyMachines(fleet.database, CONNECTED, HOST);
    // Of another host: this gateway must not spend its time on looking for their sockets.
    const bare = await manyMachines(fleet.database, CONNECTED, 'elsewhere');
    swarm = await startSwarm(fleet.sockets, guests);
    await allReady(fleet.database, CONNECTED);
    const scriptId = await script(fleet.database, 'true');
    swarm.tell('hold');
    const rows = await schedule(fleet.database, ...guests.map((machineId) => ({ machineId, scriptId })));
    await waitFor(() => rows.every(({ id }) => swarm?.startedAt(id)), {
      what: 'all to start',
      deadlineMs: 120_000,
    });
    await waitFor(
      async () =>
        (await fleet.database.work().count(ScriptExecution, { startConfirmed: true })) === CONNECTED,
      { what: 'all starts to be recorded', deadlineMs: 120_000 },
    );
    let begun = performance.now();
    swarm.tell('release');
    await waitFor(async () => (await swarm?.acked()) === CONNECTED, {
      what: 'all acks',
      deadlineMs: 120_000,
      everyMs: 5,
    });
    const through = CONNECTED / ((performance.now() - begun) / 1000);
    const owner = 'bare#1';
    const others = await schedule(fleet.database, ...bare.map((machineId) => ({ machineId, scriptId })));
    await fleet.database
      .work()
      .execute(`update machine set lease_owner = ?, lease_expires_at = ? where lease_owner is null`, [
        owner,
        fleet.database.isSqlite ? Date.now() + 600_000 : new Date(Date.now() + 600_000),
      ]);
    for (const machineId of bare) await claimDue(fleet.database.work(), { machineId, owner, capacity: 1 });
    for (const row of others) await recordDelivery(fleet.database.work(), row, owner);
    begun = performance.now();
    for (const { id, machineId } of others)
      await fleet.database.transaction((work) =>
        recordCompletion(work, completion({ machineId, executionId: id })),
      );
    const loop = others.length / ((performance.now() - begun) / 1000);
    return {
      what: `results a second, ${kind}`,
      value: through,
      unit: '/s',
      target: 0.8 * loop,
      against: { what: 'a bare loop of the same statements', value: loop },
    };
  } finally {
    swarm?.stop();
    await fleet.stop();
  }
}

/** Five thousand machines of which nobody wants anything, beside as many sockets that are only held open. */
export async function benchIdle(): Promise<Figure[]> {
  const fleet = await startFleet('PostgreSQL');
  const swarms: Swarm[] = [];
  try {
    const ids = await manyMachines(fleet.database, IDLE, HOST);
    swarms.push(await startSwarm(fleet.sockets, ids));
    const begun = performance.now();
    await allReady(fleet.database, IDLE);
    const comingIn = (performance.now() - begun) / 1000;

    await pause(30_000);
    const { pid = 0 } = fleet.gateway.child;
    const before = usage(pid);
    await pause(IDLE_SECONDS * 1000);
    const after = usage(pid);
    const bare = await bareSockets(fleet.base);
    const what = `${IDLE} idle machines: the gateway's`;
    return [
      { what: `${IDLE} machines at once: all have said hello after`, value: comingIn, unit: 's' },
      {
        what: `${what} share of a core`,
        value: ((after.cpuSeconds - before.cpuSeconds) / IDLE_SECONDS) * 100,
        unit: '%',
        target: 10,
      },
      {
        what: `${what} memory`,
        value: after.rssMb,
        unit: 'MB',
        target: 200,
        against: { what: `${IDLE} bare sockets`, value: bare },
      },
    ];
  } finally {
    for (const swarm of swarms) swarm.stop();
    await fleet.stop();
  }
}

/**
 * The memory in MB that a process needs for holding so many connections and nothing else, above what it had
 * without them.
 */
async function bareSockets(folder: string): Promise<number> {
  const names = Array.from({ length: IDLE }, (_, index) => `bare-${index}`);
  const swarm = await startSwarm(folder, names, { silent: true });
  const before = usage(process.pid).rssMb;
  const sockets = await Promise.all(
    names.map(
      (name) =>
        new Promise<ReturnType<typeof connect>>((resolve, reject) => {
          const socket = connect(join(folder, `${name}.socket`), () => resolve(socket));
          socket.once('error', reject);
        }),
    ),
  );
  const used = usage(process.pid).rssMb - before;
  for (const socket of sockets) socket.destroy();
  swarm.stop();
  return used;
}

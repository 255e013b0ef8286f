import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { claimDue, openDatabase } from '#db';
import { Operator, startApp, startStandalone, TOKEN } from '../support/apps/apps.js';
import { command } from '../support/processes/commands.js';
import { freePort, type Running, start } from '../support/processes/processes.js';
import { machineWithLease, schedule } from '../support/rows/rows.js';
import { startPostgres } from '../support/servers/postgres.js';
import { startRedis } from '../support/servers/redis.js';
import { waitFor } from '../support/wait.js';
import { type Figure, percentile, timed } from './figures.js';

const RUNS = 300;

/**
 * An operator's API call to the first byte that the script prints, through one process with SQLite and
 * through a fleet's processes.
 */
export async function benchRoundTrip(): Promise<Figure[]> {
  return [...(await standalone()), ...(await fleet())];
}

async function standalone(): Promise<Figure[]> {
  const base = mkdtempSync(join(tmpdir(), 'infinibay-bench-'));
  const { app, operator } = await startStandalone(base);
  try {
    const samples = await roundTrips(operator, base);
    const claim = await bareClaim(`sqlite:${base}/infinibay.db`);
    const echo = await socketEcho(base);
    return [
      figure('one process, SQLite: API call to first output, p50', samples, 0.5, 'a bare claim', claim, 15),
      figure('one process, SQLite: API call to first output, p99', samples, 0.99, 'a bare socket echo', echo),
    ];
  } finally {
    await app.stop();
    rmSync(base, { recursive: true, force: true });
  }
}

async function fleet(): Promise<Figure[]> {
  const base = mkdtempSync(join(tmpdir(), 'infinibay-bench-'));
  const apps: Running[] = [];
  const [postgres, redis] = await Promise.all([startPostgres({ fsync: true }), startRedis()]);
  const probe = new Redis(redis.url);
  try {
    const databaseUrl = await postgres.createDatabase();
    const [consolePort, gatewayPort] = [await freePort(), await freePort()];
    const env = {
      INFINIBAY_BASE_DIR: base,
      DATABASE_URL: databaseUrl,
      REDIS_URL: redis.url,
      CONSOLE_TOKEN: TOKEN,
      CONSOLE_PORT: String(consolePort),
      GATEWAY_PORT: String(gatewayPort),
      HOST_ID: 'bench',
    };
    command(process.execPath, ['dist/apps/migrate/main.js'], { env: { ...process.env, ...env } });
    apps.push(await startApp('console', env, `http://127.0.0.1:${consolePort}`));
    apps.push(await startApp('gateway', env, `http://127.0.0.1:${gatewayPort}`));
    const samples = await roundTrips(new Operator(`http://127.0.0.1:${consolePort}`), base);
    const claim = await bareClaim(databaseUrl);
    const ping = percentile(await timed(RUNS, () => probe.ping()), 0.5);
    return [
      figure(
        'fleet, PostgreSQL and Redis: API call to first output, p50',
        samples,
        0.5,
        'a bare claim',
        claim,
        15,
      ),
      figure(
        'fleet, PostgreSQL and Redis: API call to first output, p99',
        samples,
        0.99,
        'a Redis round trip',
        ping,
      ),
    ];
  } finally {
    probe.disconnect();
    for (const app of apps) await app.stop();
    await redis.stop();
    await postgres.stop();
    rmSync(base, { recursive: true, force: true });
  }
}

function figure(
  what: string,
  samples: number[],
  share: number,
  beside: string,
  value: number,
  target?: number,
): Figure {
  return {
    what,
    value: percentile(samples, share),
    unit: 'ms',
    against: { what: beside, value },
    ...(target === undefined ? {} : { target }),
  };
}

/** Milliseconds from sending the request to the guest's first byte of output, one after the other. */
async function roundTrips(operator: Operator, base: string): Promise<number[]> {
  const vmId = randomUUID();
  mkdirSync(join(base, 'sockets'), { recursive: true, mode: 0o750 });
  await operator.request('POST', '/machines', { id: vmId, name: 'bench', os: 'linux' });
  const guest = startGuestProcess(join(base, 'sockets', `${vmId}.socket`), vmId);
  try {
    await operator.ready(vmId);
    const script = await operator.script('bench', 'true');
    const samples: number[] = [];
    for (let index = -20; index < RUNS; index += 1) {
      const begun = process.hrtime.bigint();
      const { id } = await operator.run(vmId, script);
      const printed = await waitFor(() => new RegExp(`${id} (\\d+)`).exec(guest.output())?.[1], {
        what: 'the output',
        everyMs: 1,
      });
      if (index >= 0) samples.push(Number(BigInt(printed) - begun) / 1e6);
      await waitFor(async () => (await operator.execution(id)).completedAt, { what: 'the end', everyMs: 1 });
    }
    return samples;
  } finally {
    await guest.stop('SIGKILL');
  }
}

function startGuestProcess(socket: string, vmId: string): Running {
  return start(process.execPath, [
    '--no-warnings',
    '--experimental-transform-types',
    join(import.meta.dirname, 'guest-process.ts'),
    socket,
    vmId,
  ]);
}

/** The one statement that hands out a row, p50 in milliseconds, with nothing around it. */
async function bareClaim(url: string): Promise<number> {
  const database = await openDatabase(url);
  try {
    const owner = 'bench#1';
    const machineId = await machineWithLease(database, owner);
    await schedule(database, ...Array.from({ length: 220 }, () => ({ machineId })));
    const samples = await timed(200, () => claimDue(database.work(), { machineId, owner, capacity: 1 }));
    return percentile(samples, 0.5);
  } finally {
    await database.close();
  }
}

/** There and back over a UNIX socket to another process, p50 in milliseconds. */
async function socketEcho(folder: string): Promise<number> {
  const path = join(folder, 'echo.socket');
  const guest = startGuestProcess(path, '');
  const socket = await waitFor(
    () =>
      new Promise<ReturnType<typeof connect>>((resolve, reject) => {
        const attempt = connect(path, () => resolve(attempt));
        attempt.once('error', reject);
      }),
    { what: 'the echo' },
  );
  try {
    const samples = await timed(
      RUNS,
      () =>
        new Promise<void>((resolve) => {
          socket.once('data', () => resolve());
          socket.write('x'.repeat(400));
        }),
    );
    return percentile(samples, 0.5);
  } finally {
    socket.destroy();
    await guest.stop('SIGKILL');
  }
}

import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MediaResult } from '#protocol';
import {
  AGENT,
  baseDir,
  CANARY_PASSWORD,
  channelSecret,
  mediumOf,
  Operator,
  seedPath,
  socketPath,
  startApp,
  TOKEN,
} from '../support/apps/apps.js';
import { holds } from '../support/text/canary.js';
import { command } from '../support/processes/commands.js';
import { freePort, type Running, start } from '../support/processes/processes.js';
import { type BusyboxGuest, startBusyboxGuest } from '../support/qemu/busybox-guest.js';
import { startDebianGuest } from '../support/qemu/debian-guest.js';
import { type Postgres, psqlOutput, startPostgres } from '../support/servers/postgres.js';
import { type RedisServer, startRedis } from '../support/servers/redis.js';
import { waitFor } from '../support/wait.js';

const ROCKY = { os: { family: 'rocky', version: '9' } };

/** Each app a process, two hypervisor hosts with a gateway and a socket folder each, PostgreSQL and Redis. */
describe('a fleet', () => {
  const [debianId, busyboxId] = [randomUUID(), randomUUID()];
  const base = baseDir();
  const hosts = ['host-a', 'host-b'].map((id) => {
    const folder = mkdtempSync(join(tmpdir(), `infinibay-${id}-`));
    mkdirSync(join(folder, 'sockets'), { mode: 0o750 });
    return { id, folder };
  });
  const apps: Running[] = [];
  const media = new Map<string, MediaResult>();
  let databaseUrl = '';
  let postgres: Postgres;
  let redis: RedisServer;
  let operator: Operator;
  let debian: Awaited<ReturnType<typeof startDebianGuest>>;
  let busybox: BusyboxGuest;
  let monitor: Running;

  const socketOn = (host: number, vmId: string): string =>
    join(hosts[host]?.folder ?? '', 'sockets', `${vmId}.socket`);

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    databaseUrl = await postgres.createDatabase();
    const common = {
      DATABASE_URL: databaseUrl,
      REDIS_URL: redis.url,
      INFINISERVICE_HMAC_MASTER_SECRET: 'a master secret of the fleet under test',
      SECRETS_KEY: 'a5'.repeat(32),
      CONSOLE_TOKEN: TOKEN,
      APP_HOST: '10.0.2.2',
    };
    command(process.execPath, ['dist/apps/migrate/main.js'], { env: { ...process.env, ...common } });
    const ports = { guests: await freePort(), media: await freePort(), console: await freePort() };
    const url = (port: number): string => `http://127.0.0.1:${port}`;
    const central = {
      ...common,
      INFINIBAY_BASE_DIR: base,
      PORT: String(ports.guests),
      LISTEN_HOST: '127.0.0.1',
      MEDIA_PORT: String(ports.media),
      CONSOLE_PORT: String(ports.console),
      MEDIA_URL: url(ports.media),
    };
    apps.push(await startApp('distribution', central, url(ports.guests)));
    apps.push(await startApp('media', central, url(ports.media)));
    apps.push(await startApp('console', central, url(ports.console)));
    for (const { id, folder } of hosts) {
      const port = await freePort();
      apps.push(
        await startApp(
          'gateway',
          { ...common, HOST_ID: id, INFINIBAY_BASE_DIR: folder, GATEWAY_PORT: String(port) },
          url(port),
        ),
      );
    }
    operator = new Operator(url(ports.console));
    const greet = await operator.script('greet', 'echo "host $(hostname)"');
    const fails = await operator.script('fails on purpose', 'exit 9');
    monitor = start('redis-cli', ['-u', redis.url, 'monitor']);
    await waitFor(() => monitor.output().includes('OK'), { what: 'the monitor of Redis' });
    // The seed of another family than the guest's own: what it puts on a machine is plain sh and systemd.
    media.set(debianId, await operator.medium(debianId, [greet, fails], ROCKY));
    media.set(busyboxId, await operator.medium(busyboxId, [greet, fails]));
  }, 400_000);

  afterAll(async () => {
    await monitor?.stop();
    await debian?.remove();
    await busybox?.remove();
    for (const app of apps.reverse()) await app.stop();
    await redis?.stop();
    await postgres?.stop();
    for (const folder of [base, ...hosts.map((host) => host.folder)])
      rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  const medium = (vmId: string): MediaResult => {
    const found = media.get(vmId);
    if (!found) throw new Error(`there is no medium for ${vmId}`);
    return found;
  };

  it('runs the first-boot scripts of a machine on each host', async () => {
    // The plan names the socket's place on the host that made it; here two hosts share one machine.
    const own = medium(debianId);
    const plan = own.plan.qemu.map((argument) => argument.replace(socketPath(own), socketOn(0, debianId)));
    debian = await startDebianGuest({ qemu: plan }, seedPath(own));
    busybox = await startBusyboxGuest({
      agent: AGENT,
      vmId: busyboxId,
      secret: channelSecret(seedPath(medium(busyboxId))),
      medium: mediumOf(medium(busyboxId)),
      socket: socketOn(1, busyboxId),
    });
    for (const vmId of [busyboxId, debianId]) {
      await operator.ready(vmId, 300_000).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${debian.console().slice(-6000)}`, { cause: error });
      });
      const [first, second] = medium(vmId).executions.map(({ id }) => id);
      await expect(operator.finished(first ?? '')).resolves.toMatchObject({ status: 'SUCCESS', exitCode: 0 });
      await expect(operator.finished(second ?? '')).resolves.toMatchObject({ status: 'FAILED', exitCode: 9 });
    }
  }, 600_000);

  it("installs the agent of another family's seed where that family documents it", async () => {
    const content =
      'cat /root/infiniservice-install.log; systemctl is-enabled infiniservice; ls /tmp/infiniservice; id -nG someone';
    const { id } = await operator.run(debianId, await operator.script('look', content));
    const { stdout, stderr } = await operator.finished(id);
    expect(stdout).toMatch(/installing InfiniService \d+\.\d+\.\d+[^]*done\n/);
    expect(stdout).toMatch(/^enabled$/m);
    expect(stdout).toMatch(/\bwheel\b/);
    expect(stderr).toContain('/tmp/infiniservice');
  }, 240_000);

  it('lets no password cross Redis', () => {
    const said = Buffer.from(monitor.output());
    expect(said.includes('media.create')).toBe(true);
    expect(said.includes('passwordHash')).toBe(true);
    expect(holds(said, CANARY_PASSWORD)).toBe(false);
  });

  it('knows which host holds which machine, and reaches both', async () => {
    const script = await operator.script('who', 'echo "I am $INFINIBAY_VM_ID"');
    for (const [vmId, hostId] of [
      [debianId, 'host-a'],
      [busyboxId, 'host-b'],
    ] as const) {
      expect(await operator.request('GET', `/machines/${vmId}`)).toMatchObject({ hostId, channel: 'ready' });
      const { id } = await operator.run(vmId, script);
      await expect(operator.finished(id)).resolves.toMatchObject({ stdout: `I am ${vmId}\n` });
    }
  }, 240_000);

  it("answers the specification's query on PostgreSQL", () => {
    const text = psqlOutput(
      databaseUrl,
      `SELECT id, scriptId, machineId, status, scheduledFor, startedAt, completedAt, exitCode FROM ScriptExecution WHERE machineId = '${debianId}' ORDER BY scheduledFor;`,
    );
    expect(text).toContain('SUCCESS');
    expect(text).toContain('FAILED');
  });
});

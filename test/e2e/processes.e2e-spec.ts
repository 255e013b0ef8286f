import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { command } from '../support/processes/commands.js';
import { send } from '../support/apps/http.js';
import { freePort, type Running, start } from '../support/processes/processes.js';
import { waitFor } from '../support/wait.js';

const root = resolve(import.meta.dirname, '../..');
const APPS = ['distribution', 'media', 'gateway', 'console', 'standalone'] as const;
type App = (typeof APPS)[number];
const TOKEN = 'process-test-token-0123456789';

const base = mkdtempSync(join(tmpdir(), 'infinibay-processes-'));
const { PATH = '', HOME = '' } = process.env;
const common = { PATH, HOME, INFINIBAY_BASE_DIR: base, CONSOLE_TOKEN: TOKEN };
const running: Running[] = [];

function run(program: string, env: Record<string, string> = {}): Running {
  const made = start(process.execPath, [join(root, 'dist', program)], {
    cwd: root,
    env: { ...common, ...env },
  });
  running.push(made);
  return made;
}
const app = (name: App, env: Record<string, string>): Running => run(`apps/${name}/main.js`, env);

beforeAll(() => {
  if (!existsSync(join(root, 'dist/apps/migrate/main.js'))) throw new Error('dist is missing: npm run build');
  command(process.execPath, [join(root, 'dist/apps/migrate/main.js')], { env: common });
}, 60_000);
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop('SIGKILL')));
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** Free ports for whatever an app listens on, and the URL of its main one. */
async function ports(name: App): Promise<{ env: Record<string, string>; url: string }> {
  const [guests, operators, media, gateway, metrics] = await Promise.all(
    Array.from({ length: 5 }, () => freePort()),
  );
  const env = {
    PORT: String(guests),
    LISTEN_HOST: '127.0.0.1',
    CONSOLE_PORT: String(operators),
    MEDIA_PORT: String(media),
    GATEWAY_PORT: String(gateway),
    DISTRIBUTION_METRICS_PORT: String(metrics),
  };
  const main = { distribution: guests, media, gateway, console: operators, standalone: operators }[name];
  return { env, url: `http://127.0.0.1:${main}` };
}

const ready = (one: Running, url: string): Promise<unknown> =>
  waitFor(() => send(url, '/readyz').then(({ status }) => status === 200), {
    what: `the app to be ready (${one.output().slice(-1000)})`,
    deadlineMs: 60_000,
  });

describe('a broken configuration', () => {
  const broken: Record<App, Record<string, string>> = {
    distribution: { PORT: '99999', LISTEN_HOST: 'a b', DISTRIBUTION_METRICS_PORT: 'x' },
    media: {
      MEDIA_PORT: 'x',
      ALLOW_LOOPBACK_APP_HOST: 'yes',
      MEDIA_LIFETIME_HOURS: '0',
      SECRETS_KEY: 'canary-key',
    },
    gateway: { GATEWAY_PORT: '-1', LEASE_SECONDS: '0', GATEWAY_SOCKET_MODE: 'both', HOST_ID: 'a b' },
    console: { CONSOLE_PORT: '1.5', MEDIA_URL: 'ftp://x', CONSOLE_TOKEN: 'canary-1' },
    standalone: { PORT: '99999', CONSOLE_PORT: 'x', LEASE_SECONDS: '0', MEDIA_LIFETIME_HOURS: '0' },
  };

  it.each(APPS)(
    'of %s is named whole, without a stack, and nothing is opened',
    async (name) => {
      const faults = { ...broken[name], LOG_LEVEL: 'loud', REDIS_URL: 'http://canary-redis' };
      const one = app(name, faults);
      expect(await one.exited).toBe(1);
      const lines = one.output().trim().split('\n');
      expect(lines[0]).toBe(`${name}: the configuration has ${Object.keys(faults).length} faults:`);
      for (const variable of Object.keys(faults))
        expect(lines.filter((line) => line.startsWith(`  - ${variable}=`))).toHaveLength(1);
      expect(lines).toHaveLength(1 + Object.keys(faults).length);
      expect(one.output()).not.toContain('canary');
    },
    30_000,
  );

  it('of the migration is named too', async () => {
    const one = run('apps/migrate/main.js', {
      DATABASE_URL: 'mysql://canary',
      INFINIBAY_BASE_DIR: 'relative',
    });
    expect(await one.exited).toBe(1);
    expect(one.output()).toMatch(
      /^migrate: the configuration has 2 faults:\n {2}- INFINIBAY_BASE_DIR=relative: .*\n {2}- DATABASE_URL=•••: /,
    );
    expect(one.output()).not.toContain('canary');
  }, 30_000);

  it('of a token file that others can read ends the console with the command that mends it', async () => {
    const own = mkdtempSync(join(tmpdir(), 'infinibay-exposed-'));
    const token = join(own, 'console.token');
    command('sh', ['-c', `echo 0123456789abcdef0123 > '${token}' && chmod 644 '${token}'`]);
    const one = app('console', {
      INFINIBAY_BASE_DIR: own,
      DATABASE_URL: `sqlite:${base}/infinibay.db`,
      CONSOLE_TOKEN: '',
    });
    expect(await one.exited).toBe(1);
    expect(one.output()).toContain(`chmod 600 ${token}`);
    expect(one.output()).not.toMatch(/^ +at /m);
    rmSync(own, { recursive: true });
  }, 30_000);
});

describe('a port that is taken', () => {
  const VARIABLE = {
    distribution: ['PORT', 'DISTRIBUTION_METRICS_PORT'],
    media: ['MEDIA_PORT'],
    gateway: ['GATEWAY_PORT'],
    console: ['CONSOLE_PORT'],
    standalone: ['PORT', 'CONSOLE_PORT'],
  } satisfies Record<App, string[]>;
  const cases = APPS.flatMap((name) => VARIABLE[name].map((variable) => [name, variable] as const));

  it.each(cases)(
    'ends %s with a message that names %s',
    async (name, variable) => {
      const holder = createServer();
      await new Promise<void>((done) => holder.listen(0, '127.0.0.1', done));
      const { port } = holder.address() as { port: number };
      const { env } = await ports(name);
      const one = app(name, { ...env, [variable]: String(port), LOG_LEVEL: 'silent' });
      expect(await one.exited).toBe(1);
      expect(one.output().trim()).toBe(
        `${variable}: cannot listen on 127.0.0.1:${port} (EADDRINUSE): stop what holds it or set another ${variable}`,
      );
      await new Promise((done) => holder.close(done));
    },
    60_000,
  );
});

/**
 * A request whose body comes when the test says so: it runs as long as it is held. Resolves when the server
 * has read its head, which it says with "100 Continue" (RFC 9110, 10.1.1).
 */
async function heldRequest(url: string): Promise<{ socket: Socket; answer: Promise<string> }> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const head = [
    'POST /held HTTP/1.1',
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    'Content-Length: 2',
  ];
  socket.write([...head, 'Expect: 100-continue', '', ''].join('\r\n'));
  let text = '';
  const answer = new Promise<string>((done) => {
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.once('close', () => done(text.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '')));
    socket.once('error', (error) => (text += String(error)));
  });
  await waitFor(() => text.startsWith('HTTP/1.1 100 '), { what: 'the server to read the request' });
  return { socket, answer };
}

const listens = (url: string): Promise<boolean> =>
  new Promise((done) => {
    const { hostname, port } = new URL(url);
    const probe = connect(Number(port), hostname);
    probe.once('connect', () => (probe.destroy(), done(true))).once('error', () => done(false));
  });

describe('a database that cannot be opened', () => {
  it.each([...APPS, 'migrate'] as const)(
    'ends %s with one line that names DATABASE_URL and the way out',
    async (name) => {
      const env = name === 'migrate' ? {} : (await ports(name)).env;
      const url = 'postgres://somebody:canary@127.0.0.1:1/none';
      const one = run(`apps/${name}/main.js`, { ...env, DATABASE_URL: url, LOG_LEVEL: 'silent' });
      expect(await one.exited).toBe(1);
      expect(one.output().trim()).toBe(
        'DATABASE_URL (127.0.0.1:1/none): nobody listens there: start PostgreSQL, or correct host and port in it ' +
          '(connect ECONNREFUSED 127.0.0.1:1)',
      );
    },
    60_000,
  );
});

describe('npm run', () => {
  const started = APPS.filter((name) => name !== 'standalone');

  it.each(started)(
    'start:%s passes signals on: nothing is left that holds the port',
    async (name) => {
      const { env, url } = await ports(name);
      const npm = start('npm', ['run', '--silent', `start:${name}`], {
        cwd: root,
        env: { ...common, ...env },
      });
      running.push(npm);
      await ready(npm, url);
      npm.child.kill('SIGTERM');
      await npm.exited;
      await waitFor(async () => !(await listens(url)), { what: 'the port to be free' });
    },
    90_000,
  );
});

describe('SIGTERM', () => {
  it.each(APPS)(
    'ends %s cleanly while a request runs and an idle client stays connected',
    async (name) => {
      const { env, url } = await ports(name);
      const one = app(name, env);
      await ready(one, url);
      const agent = new Agent({ keepAlive: true });
      await send(url, '/healthz', { agent });
      const { socket, answer } = await heldRequest(url);

      one.child.kill('SIGTERM');
      await waitFor(async () => !(await listens(url)), { what: 'the port to be closed' });
      expect(one.child.exitCode).toBeNull();
      socket.write('{}');
      expect(await answer).toMatch(/^HTTP\/1\.1 404 /);
      expect(await one.exited).toBe(0);
      agent.destroy();
      for (const line of one.output().trim().split('\n')) {
        const { level, msg } = JSON.parse(line) as { level: number; msg: string };
        expect([level < 50, msg]).toEqual([true, msg]);
      }
    },
    90_000,
  );

  it('a second time ends an app at once', async () => {
    const { env, url } = await ports('console');
    const one = app('console', env);
    await ready(one, url);
    await heldRequest(url);
    one.child.kill('SIGTERM');
    await waitFor(async () => !(await listens(url)), { what: 'the port to be closed' });
    one.child.kill('SIGTERM');
    expect(await one.exited).toBe(1);
  }, 60_000);
});

describe('standalone', () => {
  it('makes its secrets for its owner alone, keeps guests and operators apart, and shows one page of metrics', async () => {
    const own = mkdtempSync(join(tmpdir(), 'infinibay-standalone-'));
    const { env, url } = await ports('standalone');
    const one = app('standalone', { ...env, INFINIBAY_BASE_DIR: own, CONSOLE_TOKEN: '' });
    await ready(one, url);
    const modes = command(
      'stat',
      ['-c', '%a %n', 'console.token', 'secrets.key', 'hmac-master.secret', 'infinibay.db'],
      { cwd: own },
    );
    expect(
      modes
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[0]),
    ).toEqual(['600', '600', '600', '600']);
    const guests = `http://127.0.0.1:${env.PORT}`;
    expect((await send(guests, '/infiniservice/linux/binary')).status).toBe(404);
    for (const path of ['/metrics', '/api/machines', '/openapi.json'])
      expect((await send(guests, path)).status).toBe(404);
    expect((await send(url, '/metrics')).text).toContain('infinibay_distribution_bytes_total');
    expect((await send(url, '/infiniservice/metadata')).status).toBe(404);
    const token = readFileSync(join(own, 'console.token'), 'utf8').trim();
    expect((await send(url, '/api/machines', { headers: { authorization: `Bearer ${token}` } })).status).toBe(
      200,
    );
    expect(one.output()).not.toContain(token);
    one.child.kill('SIGINT');
    expect(await one.exited).toBe(0);
    rmSync(own, { recursive: true, force: true });
  }, 60_000);
});

import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from '../processes/commands.js';
import { freePort, type Running, start } from '../processes/processes.js';
import { waitFor } from '../wait.js';

/** The system user that PostgreSQL runs as when we are root, which it refuses. */
const NOBODY = { uid: 65534, gid: 65534 };

export interface Postgres {
  /** URL of the server's own database; `database(name)` gives others. */
  readonly url: string;
  createDatabase(): Promise<string>;
  restart(): Promise<void>;
  /** All of it dies at once, and comes back on the same data. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

function binaries(): string {
  const base = '/usr/lib/postgresql';
  const version = readdirSync(base).sort((a, b) => Number(b) - Number(a))[0];
  if (!version) throw new Error('PostgreSQL is missing: node scripts/bootstrap.mjs test');
  return join(base, version, 'bin');
}

/** A PostgreSQL server of our own on a free loopback port, in a temporary folder. */
export async function startPostgres(options: { fsync?: boolean } = {}): Promise<Postgres> {
  const folder = mkdtempSync(join(tmpdir(), 'infinibay-pg-'));
  const isRoot = process.getuid?.() === 0;
  if (isRoot) chownSync(folder, NOBODY.uid, NOBODY.gid);
  const data = join(folder, 'data');
  const asUser = isRoot
    ? ['--reuid', String(NOBODY.uid), '--regid', String(NOBODY.gid), '--clear-groups', '--']
    : ['--'];
  execFileSync(
    'setpriv',
    [
      ...asUser,
      join(binaries(), 'initdb'),
      '-D',
      data,
      '-U',
      'test',
      '--auth=trust',
      '-E',
      'UTF8',
      '--locale=C.UTF-8',
      '--no-sync',
    ],
    { stdio: 'pipe', cwd: folder },
  );
  const port = await freePort();
  const settings = [
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    `port=${port}`,
    '-c',
    `unix_socket_directories=${folder}`,
    '-c',
    `fsync=${options.fsync ? 'on' : 'off'}`,
    '-c',
    'max_connections=200',
    '-c',
    'timezone=America/New_York',
  ];
  const run = (): Running =>
    start(join(binaries(), 'postgres'), ['-D', data, ...settings], {
      cwd: folder,
      ...(isRoot ? { user: NOBODY } : {}),
    });
  let server = run();
  const psql = (sql: string): string =>
    execFileSync(
      join(binaries(), 'psql'),
      ['-h', '127.0.0.1', '-p', String(port), '-U', 'test', '-d', 'postgres', '-tAc', sql],
      { encoding: 'utf8', stdio: 'pipe' },
    );
  const ready = (): Promise<unknown> =>
    waitFor(() => psql('select 1'), {
      what: `PostgreSQL to answer (${server.output().slice(-500)})`,
      deadlineMs: 60_000,
      everyMs: 50,
    });
  await ready();
  return {
    url: `postgres://test@127.0.0.1:${port}/postgres`,
    createDatabase: async () => {
      const name = `t_${randomBytes(8).toString('hex')}`;
      psql(`create database ${name}`);
      return `postgres://test@127.0.0.1:${port}/${name}`;
    },
    restart: async () => {
      await server.stop('SIGINT');
      server = run();
      await ready();
    },
    crash: async () => {
      // The backends of a dead postmaster end by themselves, a moment later: a new one would find their
      // shared memory.
      const backends = command('pgrep', ['-P', String(server.child.pid)])
        .split('\n')
        .filter(Boolean);
      await server.stop('SIGKILL');
      spawnSync('kill', ['-9', ...backends]);
      server = run();
      await ready();
    },
    stop: async () => {
      await server.stop('SIGINT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What psql prints for a statement: rows as any other program sees them. */
export function psqlOutput(databaseUrl: string, sql: string): string {
  return execFileSync(join(binaries(), 'psql'), ['-d', databaseUrl, '-tAc', sql], {
    encoding: 'utf8',
    stdio: 'pipe',
  });
}

/** A new database on a running server, by its URL: for test files that share the server of the whole run. */
export function freshPostgresDatabase(serverUrl = process.env['TEST_POSTGRES_URL'] ?? ''): string {
  const { hostname, port } = new URL(serverUrl);
  const name = `t_${randomBytes(8).toString('hex')}`;
  execFileSync(
    join(binaries(), 'psql'),
    ['-h', hostname, '-p', port, '-U', 'test', '-d', 'postgres', '-c', `create database ${name}`],
    { stdio: 'pipe' },
  );
  return `postgres://test@${hostname}:${port}/${name}`;
}

import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { AppModule } from '#app';
import { Artifact, type Database } from '#db';
import { MediaRequest } from '#protocol';
import { Bus, createLogger, MetricsPageModule } from '#runtime';
import { startHttpApp } from '#app';
import { MediaModule } from '../../../apps/media/media.module.js';
import { readConfig } from '../../../apps/media/config.js';

type RunningApp = Awaited<ReturnType<typeof startHttpApp>>;

export const MEDIA_TOKEN = 'test-media-token-0123456789';

export interface TestMedia {
  readonly app: RunningApp;
  readonly bus: Bus;
  readonly baseDir: string;
  /** Everything it has logged. */
  logged(): string;
  request(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
  ): Promise<{ status: number; headers: Headers; body: any; bytes: Buffer }>;
  stop(): Promise<void>;
}

/** The media app as a server on a free loopback port, on a migrated database, with the in-process bus. */
export async function startMedia(
  databaseUrl: string,
  env: NodeJS.ProcessEnv = {},
  baseDir = mkdtempSync(join(tmpdir(), 'infinibay-media-')),
): Promise<TestMedia> {
  let log = '';
  const logger = createLogger({
    level: 'debug',
    app: 'media',
    stream: new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        log += chunk.toString();
        done();
      },
    }),
  });
  const config = readConfig({
    INFINIBAY_BASE_DIR: baseDir,
    DATABASE_URL: databaseUrl,
    CONSOLE_TOKEN: MEDIA_TOKEN,
    APP_HOST: 'suite.example',
    INFINISERVICE_HMAC_MASTER_SECRET: 'a master secret for the media tests',
    SECRETS_KEY: '5e'.repeat(32),
    ...env,
  });
  const module = AppModule.forRoot(config, logger, [MetricsPageModule, MediaModule.forRoot(config)]);
  const app = await startHttpApp(module, { logger, host: '127.0.0.1', port: 0, portVariable: 'MEDIA_PORT' });
  const bus = new Bus(logger);
  await bus.listen();
  return {
    app,
    bus,
    baseDir,
    logged: () => log,
    request: async (method, path, body, headers = {}) => {
      const response = await fetch(`${app.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${MEDIA_TOKEN}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const bytes = Buffer.from(await response.arrayBuffer());
      const isJson = response.headers.get('content-type')?.includes('json') ?? false;
      return {
        status: response.status,
        headers: response.headers,
        bytes,
        body: isJson ? JSON.parse(bytes.toString()) : null,
      };
    },
    stop: async () => {
      await bus.close();
      await app.stop();
      rmSync(baseDir, { recursive: true, force: true });
    },
  };
}

/** The rows that the distribution app writes for what it has on disk. */
export async function publishArtifacts(database: Database): Promise<void> {
  await database.transaction(async (work) => {
    for (const [platform, kind, file] of [
      ['linux', 'binary', 'infiniservice'],
      ['linux', 'script', 'install-linux.sh'],
      ['windows', 'binary', 'infiniservice.exe'],
      ['windows', 'script', 'install-windows.ps1'],
    ] as const) {
      const sha256 = createHash('sha256').update(file).digest('hex');
      const now = new Date();
      const row = { id: randomUUID(), platform, arch: 'x86_64', kind, file, version: '0.1.0', sha256 };
      work.persist(
        work.create(
          Artifact,
          { ...row, size: 1, current: true, createdAt: now, updatedAt: now },
          { partial: true },
        ),
      );
    }
    await work.flush();
  });
}

/** A request with its defaults filled in, as the app sees it. */
export function mediaRequest(more: object = {}): MediaRequest {
  return MediaRequest.parse({
    vmId: randomUUID(),
    hostname: 'web-1',
    os: { family: 'ubuntu', version: '24.04' },
    source: 'cloud-image',
    ...more,
  });
}

/** A request that uses every field. */
export const FULL_REQUEST = {
  vmId: '7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d',
  hostname: 'web-1.example.com',
  locale: 'de-DE',
  keyboard: { layout: 'de', variant: 'nodeadkeys' },
  timezone: 'Europe/Berlin',
  users: [
    {
      name: 'ada',
      passwordHash:
        '$6$saltsaltsalt$0123456789012345678901234567890123456789012345678901234567890123456789012345678901',
      sshKeys: [`ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE1n6fTlQ2 ada's key "laptop" $HOME`],
    },
    { name: 'ci', sshKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE1n6fTlQ2 ci'], admin: false },
  ],
  network: [
    {
      match: { mac: '52:54:00:12:34:56' },
      addresses: ['192.0.2.10/24', '2001:db8::10/64'],
      gateway: '192.0.2.1',
      dns: ['192.0.2.53', '2001:db8::53'],
    },
    { match: { name: 'ens4' }, dhcp: true },
  ],
  packages: ['nginx', 'curl'],
  mirror: 'http://mirror.example/ubuntu',
  proxy: 'http://proxy.example:3128',
};

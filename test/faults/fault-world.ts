import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule, startHttpApp } from '#app';
import { Artifact, type Database } from '#db';
import { createLogger, MetricsPageModule } from '#runtime';
import { readConfig as readDistributionConfig } from '../../apps/distribution/config.js';
import { DistributionModule } from '../../apps/distribution/distribution.module.js';
import { CONSOLE_TOKEN, startConsole, type TestConsole } from '../support/apps/console.js';
import type { FaultyDatabase } from '../support/database-faults/on-faulty-databases.js';
import { tableCounts } from '../support/database-faults/table-counts.js';
import { publishArtifacts, startMedia, type TestMedia } from '../support/media/media.js';
import { newId } from '../support/servers/databases.js';

export interface Reply {
  status: number;
  text: string;
  /** JSON as it came. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any;
}

/** Console, media and distribution on a database whose statements fail when a test wants it. */
export interface FaultWorld {
  readonly database: Database;
  readonly console: TestConsole;
  readonly media: TestMedia;
  readonly apps: Record<AppName, { url: string; app: NestFastifyApplication }>;
  readonly send: (app: AppName, method: string, path: string, body?: unknown, key?: string) => Promise<Reply>;
  /** Rows by table and state, and media on the disk. */
  counts(): Promise<Record<string, number>>;
  stop(): Promise<void>;
}

export type AppName = 'console' | 'media' | 'distribution';

export async function startFaultWorld({ faults, database }: FaultyDatabase): Promise<FaultWorld> {
  const baseDir = mkdtempSync(join(tmpdir(), 'infinibay-faults-'));
  if ((await database.work().count(Artifact)) === 0) await publishArtifacts(database);
  const media = await startMedia(faults.url, { CONSOLE_TOKEN }, join(baseDir, 'media-app'));
  const env = { MEDIA_URL: media.app.url, SEALING_KEY: 'a7'.repeat(32) };
  const server = await startConsole(faults.url, { env });
  const distribution = await startDistribution(faults.url, join(baseDir, 'distribution-app'));
  const apps = {
    console: server.app,
    media: media.app,
    distribution,
  };
  const onDisk = join(media.baseDir, 'media');
  mkdirSync(onDisk, { recursive: true, mode: 0o750 });
  return {
    database,
    console: server,
    media,
    apps,
    send: async (app, method, path, body, key) => {
      const response = await fetch(`${apps[app].url}${path}`, {
        method,
        // What hangs is told from what is slow.
        signal: AbortSignal.timeout(30_000),
        headers: {
          authorization: `Bearer ${CONSOLE_TOKEN}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(key === undefined ? {} : { 'idempotency-key': key }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json') ?? false;
      return { status: response.status, text, body: isJson ? JSON.parse(text) : text };
    },
    counts: async () => ({
      ...(await tableCounts(database)),
      'media on the disk': readdirSync(onDisk).length,
    }),
    stop: async () => {
      await server.stop();
      await media.stop();
      await distribution.stop();
      rmSync(baseDir, { recursive: true, force: true });
    },
  };
}

async function startDistribution(url: string, baseDir: string): ReturnType<typeof startHttpApp> {
  for (const [path, content] of Object.entries(PUBLISHED)) {
    const file = join(baseDir, 'infiniservice', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  const logger = createLogger({ level: 'silent', app: 'distribution' });
  const config = readDistributionConfig({ INFINIBAY_BASE_DIR: baseDir, DATABASE_URL: url });
  const module = AppModule.forRoot(config, logger, [MetricsPageModule, DistributionModule.forRoot(config)]);
  return startHttpApp(module, { logger, host: '127.0.0.1', port: 0, portVariable: 'PORT' });
}

/** What guests may download. */
const PUBLISHED = {
  'binaries/linux/infiniservice': 'an agent',
  'install/install-linux.sh': '#!/bin/sh\n',
};

/** An error as every app gives it: code, words, the way out, and nothing of our inside. */
export function isErrorBody(body: unknown): boolean {
  const { code, message, remedy, correlationId } = (body ?? {}) as Record<string, unknown>;
  const texts = [code, message, remedy, correlationId];
  if (!texts.every((text) => typeof text === 'string' && text !== '')) return false;
  return !/a fault of the test|select |insert |update |sqlite|connection terminated/i.test(String(message));
}

export const freshKey = (): string => `key-${newId()}`;

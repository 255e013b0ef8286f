import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { AppModule } from '#app';
import { migrateToLatest, openDatabase } from '#db';
import { createLogger } from '#runtime';
import { startHttpApp, withMetricsPage } from '#app';
import { DistributionModule } from '../../../apps/distribution/distribution.module.js';
import { readConfig } from '../../../apps/distribution/config.js';
import { type Answer, send, type SendOptions } from './http.js';

export const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

export interface TestDistribution {
  readonly url: string;
  readonly metricsUrl: string;
  /** To look at the connections from the server's side. */
  readonly httpServer: Server;
  /** `$INFINIBAY_BASE_DIR/infiniservice` */
  readonly folder: string;
  readonly databaseUrl: string;
  get(path: string, headers?: Record<string, string>, options?: SendOptions): Promise<Answer>;
  /** Puts a file there as an installer does: written beside, then renamed. */
  put(path: string, content: Buffer | string): void;
  /** Ends the app and starts it again on the same folder and database. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** The distribution app on a free loopback port with a folder and a database of its own. */
export async function startDistribution(
  files: Record<string, Buffer | string>,
  options: { idleMs?: number } = {},
): Promise<TestDistribution> {
  const baseDir = mkdtempSync(join(tmpdir(), 'infinibay-distribution-'));
  const folder = join(baseDir, 'infiniservice');
  const put = (path: string, content: Buffer | string): void => {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(`${target}.part`, content);
    renameSync(`${target}.part`, target);
  };
  for (const [path, content] of Object.entries(files)) put(path, content);
  const url = `sqlite:${join(baseDir, 'test.db')}`;
  const database = await openDatabase(url);
  await migrateToLatest(database);
  await database.close();
  const run = async () => {
    const logger = createLogger({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent', app: 'distribution' });
    const config = readConfig({ INFINIBAY_BASE_DIR: baseDir });
    const limits = options.idleMs === undefined ? undefined : { idleMs: options.idleMs };
    const module = AppModule.forRoot({ ...config, DATABASE_URL: url }, logger, [
      DistributionModule.forRoot(config, limits),
    ]);
    const app = await startHttpApp(module, {
      logger,
      host: '127.0.0.1',
      port: 0,
      portVariable: 'PORT',
      bodyLimit: 65_536,
      legacyErrorField: true,
    });
    return withMetricsPage(app, { port: 0, portVariable: 'DISTRIBUTION_METRICS_PORT' });
  };
  let app = await run();
  return {
    get url() {
      return app.url;
    },
    get httpServer() {
      return app.app.getHttpServer();
    },
    get metricsUrl() {
      return app.metricsUrl;
    },
    folder,
    databaseUrl: url,
    put,
    get: (path, headers = {}, more = {}) => send(app.url, path, { headers, ...more }),
    restart: async () => {
      await app.stop();
      app = await run();
    },
    stop: async () => {
      await app.stop();
      rmSync(baseDir, { recursive: true, force: true });
    },
  };
}

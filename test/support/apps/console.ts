import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bus, createLogger, MetricsPageModule } from '#runtime';
import { startHttpApp } from '#app';
import { AppModule } from '#app';
import { ConsoleModule } from '../../../apps/console/console.module.js';
import { readConfig } from '../../../apps/console/config.js';

type RunningApp = Awaited<ReturnType<typeof startHttpApp>>;

export const CONSOLE_TOKEN = 'test-console-token-0123456789';
export const SECRETS_KEY = '5e'.repeat(32);

export interface Answer {
  status: number;
  headers: Headers;
  /** JSON as it came; tests compare it with what they expect. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any;
  text: string;
}

export interface TestConsole {
  readonly url: string;
  readonly app: RunningApp;
  /** Another member of the bus, to hear and to be heard. Handlers are registered before `listen`. */
  readonly bus: Bus;
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  stop(): Promise<void>;
}

/** The console as a server on a free loopback port, on a migrated database, with the in-process bus. */
export async function startConsole(
  databaseUrl: string,
  options: { env?: NodeJS.ProcessEnv; prepareBus?: (bus: Bus) => void } = {},
): Promise<TestConsole> {
  const baseDir = mkdtempSync(join(tmpdir(), 'infinibay-console-'));
  const logger = createLogger({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent', app: 'console' });
  const config = readConfig({
    INFINIBAY_BASE_DIR: baseDir,
    DATABASE_URL: databaseUrl,
    CONSOLE_TOKEN,
    SECRETS_KEY,
    ...options.env,
  });
  const module = AppModule.forRoot(config, logger, [MetricsPageModule, ConsoleModule.forRoot(config)]);
  const app = await startHttpApp(module, {
    logger,
    host: '127.0.0.1',
    port: 0,
    portVariable: 'CONSOLE_PORT',
    routesAt: '/openapi.json',
  });
  const bus = new Bus(logger);
  options.prepareBus?.(bus);
  await bus.listen();
  return {
    url: app.url,
    app,
    bus,
    request: async (method, path, body, headers = {}) => {
      const response = await fetch(`${app.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${CONSOLE_TOKEN}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json') ?? false;
      return {
        status: response.status,
        headers: response.headers,
        text,
        body: isJson ? JSON.parse(text) : text,
      };
    },
    stop: async () => {
      await bus.close();
      await app.stop();
      rmSync(baseDir, { recursive: true, force: true });
    },
  };
}

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, MetricsPageModule } from '#runtime';
import { startHttpApp } from '#app';
import { AppModule } from '#app';
import { GatewayModule } from '../../../apps/gateway/gateway.module.js';
import { readConfig } from '../../../apps/gateway/config.js';

type RunningApp = Awaited<ReturnType<typeof startHttpApp>>;

export interface TestGateway {
  readonly app: RunningApp;
  readonly baseDir: string;
  stop(): Promise<void>;
}

/** A folder of sockets as a hypervisor host has it, gone after the test. */
export function socketFolder(): { baseDir: string; sockets: string; remove(): void } {
  const baseDir = mkdtempSync(join(tmpdir(), 'infinibay-host-'));
  const sockets = join(baseDir, 'sockets');
  mkdirSync(sockets, { mode: 0o750 });
  return { baseDir, sockets, remove: () => rmSync(baseDir, { recursive: true, force: true }) };
}

/**
 * The gateway as a server on a loopback port, a free one unless it is given, on a migrated database, with the
 * in-process bus unless REDIS_URL is given.
 */
export async function startGateway(
  databaseUrl: string,
  baseDir: string,
  env: NodeJS.ProcessEnv = {},
  logger = createLogger({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent', app: 'gateway' }),
  port = 0,
): Promise<TestGateway> {
  const config = readConfig({
    INFINIBAY_BASE_DIR: baseDir,
    DATABASE_URL: databaseUrl,
    HOST_ID: 'host-a',
    SWEEP_SECONDS: '1',
    LEASE_SECONDS: '30',
    ...env,
  });
  const module = AppModule.forRoot(config, logger, [MetricsPageModule, GatewayModule.forRoot(config)]);
  const app = await startHttpApp(module, {
    logger,
    host: '127.0.0.1',
    port,
    portVariable: 'GATEWAY_PORT',
  });
  return { app, baseDir, stop: () => app.stop() };
}

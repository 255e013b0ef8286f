import { hostname } from 'node:os';
import { z } from 'zod';
import {
  commonFields,
  hostName,
  loadConfig,
  port,
  positiveInt,
  secret,
  secretsKey,
  socketMode,
} from '#runtime';

const schema = z.object({
  ...commonFields,
  HOST_ID: z
    .string()
    .regex(/^[\w.-]{1,253}$/, 'must be a host name: letters, digits, dots and hyphens')
    .default(hostname()),
  GATEWAY_PORT: port(4003),
  GATEWAY_HOST: hostName('127.0.0.1'),
  GATEWAY_SOCKET_MODE: socketMode,
  /** Where guests reach the distribution API: for agents that fetch long scripts over HTTP. */
  APP_HOST: hostName('localhost'),
  PORT: port(4000),
  LEASE_SECONDS: positiveInt(60, 'seconds', 3600),
  SWEEP_SECONDS: positiveInt(15, 'seconds', 3600),
  /** All rates of what one guest may cause, raised. */
  GUEST_BUDGET_FACTOR: positiveInt(1, 'times', 100),
  INFINISERVICE_HMAC_MASTER_SECRET: secret().optional(),
  SECRETS_KEY: secretsKey.optional(),
});

export type GatewayConfig = Readonly<z.output<typeof schema>>;

/** @throws ConfigError with every fault */
export function readConfig(env: NodeJS.ProcessEnv): GatewayConfig {
  return loadConfig('gateway', schema, env);
}

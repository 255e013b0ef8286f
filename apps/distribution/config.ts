import { z } from 'zod';
import { commonFields, hostName, loadConfig, port, positiveInt } from '#runtime';

const schema = z.object({
  ...commonFields,
  PORT: port(4000),
  /** Guests must reach it: all addresses unless told otherwise. */
  LISTEN_HOST: hostName('0.0.0.0'),
  /** Connections that one address may have open: a hypervisor's whole fleet may stand behind one. */
  GUEST_CONNECTIONS: positiveInt(1024, 'connections', 65_535),
  /** Metrics, on loopback: guests reach PORT, and the numbers are not theirs. */
  DISTRIBUTION_METRICS_PORT: port(4004),
});

export type DistributionConfig = Readonly<z.output<typeof schema>>;

/** @throws ConfigError with every fault */
export function readConfig(env: NodeJS.ProcessEnv): DistributionConfig {
  return loadConfig('distribution', schema, env);
}

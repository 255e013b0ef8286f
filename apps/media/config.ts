import { z } from 'zod';
import {
  commonFields,
  hostName,
  loadConfig,
  mediaUrl,
  onOff,
  port,
  positiveInt,
  sealingKey,
  secret,
  secretsKey,
  socketMode,
} from '#runtime';

const schema = z.object({
  ...commonFields,
  /** The host name or address at which guests reach the distribution API. */
  APP_HOST: hostName('localhost'),
  /** The distribution API's port. */
  PORT: port(4000),
  ALLOW_LOOPBACK_APP_HOST: onOff('off'),
  MEDIA_PORT: port(4002),
  CONSOLE_HOST: hostName('127.0.0.1'),
  CONSOLE_TOKEN: secret().optional(),
  INFINISERVICE_HMAC_MASTER_SECRET: secret().optional(),
  SECRETS_KEY: secretsKey.optional(),
  /** Opens the passwords that orchestrators sealed to its public half. */
  SEALING_KEY: sealingKey.optional(),
  /** Where orchestrators fetch files: the base of the URLs in replies of the bus. */
  MEDIA_URL: mediaUrl,
  /** As the gateways of the hosts have it: the plan says which side of the channel listens. */
  GATEWAY_SOCKET_MODE: socketMode,
  /** Reproducible builds: the same request then gives the same bytes. */
  SOURCE_DATE_EPOCH: z
    .string()
    .regex(/^\d{1,10}$/, 'must be seconds since the epoch')
    .transform(Number)
    .optional(),
  /** Where installations report how far they are; unset: they do not. */
  INSTALL_EVENTS_URL: z
    .string()
    .max(2048)
    .regex(/^https?:\/\/[!-~]+$/, 'must be an http(s) URL')
    .optional(),
  MEDIA_LIFETIME_HOURS: positiveInt(168, 'hours', 8760),
  /** A medium is removed this long after the machine that it installed said hello. */
  MEDIA_AFTER_HELLO_MINUTES: positiveInt(60, 'minutes', 10_080),
  /** All media together. */
  MEDIA_QUOTA_MIB: positiveInt(20_480, 'MiB', 16_777_216),
});

export type MediaConfig = Readonly<z.output<typeof schema>>;

/** @throws ConfigError with every fault */
export function readConfig(env: NodeJS.ProcessEnv): MediaConfig {
  return loadConfig('media', schema, env);
}

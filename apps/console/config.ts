import { z } from 'zod';
import { commonFields, hostName, loadConfig, mediaUrl, port, sealingKey, secret, secretsKey } from '#runtime';

const schema = z.object({
  ...commonFields,
  CONSOLE_HOST: hostName('127.0.0.1'),
  CONSOLE_PORT: port(4001),
  /** Unset: made in the base directory. */
  CONSOLE_TOKEN: secret().optional(),
  /** Seals passwords among inputs; scripts with such inputs are refused without it. */
  SECRETS_KEY: secretsKey.optional(),
  /** Its public half is what passwords for the bus are sealed to. */
  SEALING_KEY: sealingKey.optional(),
  /** Where the media app's files come from. */
  MEDIA_URL: mediaUrl,
});

export type ConsoleConfig = Readonly<z.output<typeof schema>>;

/** @throws ConfigError with every fault */
export function readConfig(env: NodeJS.ProcessEnv): ConsoleConfig {
  return loadConfig('console', schema, env);
}

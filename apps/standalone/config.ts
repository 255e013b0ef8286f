import { join, resolve } from 'node:path';
import { readConfig as readConsole } from '../console/config.js';
import { readConfig as readDistribution } from '../distribution/config.js';
import { readConfig as readGateway } from '../gateway/config.js';
import { readConfig as readMedia } from '../media/config.js';
import { ConfigError } from '#runtime';
import { secretFile } from '#secrets';

/**
 * The four apps' configurations with a single machine's defaults: data in ./.infinibay, loopback, secrets
 * made in the base directory.
 */
export function readConfig(given: NodeJS.ProcessEnv) {
  const baseDir = resolve(given['INFINIBAY_BASE_DIR'] || '.infinibay');
  const consolePort = given['CONSOLE_PORT'] || '4001';
  const env: NodeJS.ProcessEnv = {
    ...given,
    INFINIBAY_BASE_DIR: baseDir,
    LISTEN_HOST: given['LISTEN_HOST'] || '127.0.0.1',
    CONSOLE_PORT: consolePort,
    // The media routes are served on the console's port; a wrong one is one fault, not two.
    MEDIA_URL:
      given['MEDIA_URL'] || (/^\d{1,5}$/.test(consolePort) ? `http://127.0.0.1:${consolePort}` : undefined),
    INFINISERVICE_HMAC_MASTER_SECRET: ownSecret(
      given,
      'INFINISERVICE_HMAC_MASTER_SECRET',
      join(baseDir, 'hmac-master.secret'),
    ),
    SECRETS_KEY: ownSecret(given, 'SECRETS_KEY', join(baseDir, 'secrets.key')),
    SEALING_KEY: ownSecret(given, 'SEALING_KEY', join(baseDir, 'sealing.key')),
  };
  const faults: string[] = [];
  const read = <T>(reader: (environment: NodeJS.ProcessEnv) => T): T | null => {
    try {
      return reader(env);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      faults.push(...error.faults);
      return null;
    }
  };
  const [distribution, media, gateway, console] = [
    read(readDistribution),
    read(readMedia),
    read(readGateway),
    read(readConsole),
  ];
  if (!distribution || !media || !gateway || !console)
    throw new ConfigError('standalone', [...new Set(faults)]);
  return { distribution, media, gateway, console, baseDir };
}

/** What was set, or the secret that lies in the base directory; undefined leaves NAME_FILE to the reader. */
function ownSecret(env: NodeJS.ProcessEnv, name: string, file: string): string | undefined {
  return env[name] || (env[`${name}_FILE`] ? undefined : secretFile(file));
}

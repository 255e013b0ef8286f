import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import {
  commonFields,
  ConfigError,
  databaseUrl,
  hostName,
  loadConfig,
  onOff,
  port,
  positiveInt,
  secret,
  secretsKey,
} from './config.js';

const schema = z.object({
  ...commonFields,
  PORT: port(4000),
  LISTEN_HOST: hostName('0.0.0.0'),
  LEASE_SECONDS: positiveInt(60, 'seconds', 3600),
  ALLOW: onOff('off'),
  CONSOLE_TOKEN: secret().optional(),
  SECRETS_KEY: secretsKey.optional(),
});
const CANARY = 'canary-3f9';
const folder = mkdtempSync(join(tmpdir(), 'infinibay-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(text: string): string {
  const path = join(folder, Math.random().toString(36).slice(2));
  writeFileSync(path, text);
  return path;
}

function faultsOf(env: NodeJS.ProcessEnv): string[] {
  try {
    loadConfig('test', schema, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

describe('what is not set', () => {
  const defaults = {
    INFINIBAY_BASE_DIR: '/opt/infinibay',
    LOG_LEVEL: 'info',
    DATABASE_CONNECT_SECONDS: 10,
    DATABASE_RESERVE_MIB: 64,
    DATABASE_STATEMENT_SECONDS: 30,
    BUS_ANSWER_SECONDS: 5,
    PORT: 4000,
    LISTEN_HOST: '0.0.0.0',
    LEASE_SECONDS: 60,
    ALLOW: false,
  };

  it('has its default', () => {
    expect(loadConfig('test', schema, {})).toEqual(defaults);
  });

  it('is the same as what is set to nothing, as compose files do it', () => {
    const empty = Object.fromEntries(
      Object.keys(schema.shape).flatMap((name) => [
        [name, ''],
        [`${name}_FILE`, ''],
      ]),
    );
    expect(loadConfig('test', schema, empty)).toEqual(defaults);
  });

  it('leaves variables of others alone', () => {
    expect(loadConfig('test', schema, { PATH: '/bin', CONSOLE_PORT: 'rubbish' })).toEqual(defaults);
  });
});

describe('faults', () => {
  it('are named all at once, each with the variable, the value and the rule', () => {
    const faults = faultsOf({
      PORT: '70000',
      LISTEN_HOST: 'no spaces please',
      LEASE_SECONDS: '0',
      ALLOW: 'yes',
      LOG_LEVEL: 'loud',
      INFINIBAY_BASE_DIR: 'relative',
      DATABASE_URL: 'mysql://x',
      REDIS_URL: 'http://x',
    });
    expect(faults.map((fault) => fault.split(/[=: ]/)[0]).sort()).toEqual([
      'ALLOW',
      'DATABASE_URL',
      'INFINIBAY_BASE_DIR',
      'LEASE_SECONDS',
      'LISTEN_HOST',
      'LOG_LEVEL',
      'PORT',
      'REDIS_URL',
    ]);
    expect(faults).toContain('PORT=70000: must be a port number from 0 to 65535');
    expect(faults).toContain('LEASE_SECONDS=0: must be a whole number of seconds, from 1 to 3600');
    expect(faults).toContain('ALLOW=yes: must be on or off');
    expect(faults).toContain('INFINIBAY_BASE_DIR=relative: must be an absolute path');
  });

  it('of files and of values are named together', () => {
    const faults = faultsOf({ CONSOLE_TOKEN_FILE: join(folder, 'nowhere'), PORT: 'x' });
    expect(faults).toHaveLength(2);
    expect(faults[0]).toMatch(/^CONSOLE_TOKEN_FILE=.*nowhere: cannot be read \(ENOENT\): .*CONSOLE_TOKEN$/);
  });

  it('make one message that names the app and has a line for each', () => {
    const error = new ConfigError('gateway', ['A: is wrong', 'B: is wrong']);
    expect(error.message).toBe('gateway: the configuration has 2 faults:\n  - A: is wrong\n  - B: is wrong');
    expect(new ConfigError('gateway', ['A: is wrong']).message).toContain('has a fault:');
  });

  it.each([
    ['CONSOLE_TOKEN', CANARY],
    ['SECRETS_KEY', CANARY],
    ['DATABASE_URL', `mysql://user:${CANARY}@db/x`],
    ['REDIS_URL', `http://:${CANARY}@redis`],
  ])('in %s never show its value', (name, value) => {
    for (const env of [{ [name]: value }, { [`${name}_FILE`]: file(value) }]) {
      const [fault, ...others] = faultsOf(env);
      expect(others).toEqual([]);
      expect(fault).toMatch(new RegExp(`^${name}=•••: must `));
      expect(fault).not.toContain(CANARY);
    }
  });
});

describe('values', () => {
  it.each(['', ' ', '-1', '1.5', '1e3', '0x10', '65536', '4000 ', 'NaN', '٣'])(
    'of ports are whole numbers in range, not %j',
    (value) => {
      if (value === '') return expect(faultsOf({ PORT: value })).toEqual([]);
      expect(faultsOf({ PORT: value })).toHaveLength(1);
    },
  );

  it('of ports are taken from 0 to 65535', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 65_535 }), (value) => {
        expect(loadConfig('test', schema, { PORT: String(value) }).PORT).toBe(value);
      }),
    );
  });

  it.each(['localhost', '10.0.0.1', '::1', '[::1]', 'host.example', 'a', 'vm-1.lan'])(
    'of addresses may be %s',
    (value) => {
      expect(faultsOf({ LISTEN_HOST: value })).toEqual([]);
    },
  );

  it.each(['http://host', 'host:80', 'a b', '$(id)', "host'", '-host', 'host/x', 'host\n'])(
    'of addresses may not be %j',
    (value) => {
      expect(faultsOf({ LISTEN_HOST: value })).toHaveLength(1);
    },
  );

  it('of folders lose the slash at their end', () => {
    expect(loadConfig('test', schema, { INFINIBAY_BASE_DIR: '/srv/x//' }).INFINIBAY_BASE_DIR).toBe('/srv/x');
    expect(loadConfig('test', schema, { INFINIBAY_BASE_DIR: '/' }).INFINIBAY_BASE_DIR).toBe('/');
  });

  it('cannot be changed afterwards', () => {
    const config = loadConfig('test', schema, {}) as { PORT: number };
    expect(() => (config.PORT = 1)).toThrow(TypeError);
  });
});

describe('NAME_FILE', () => {
  it('gives the value without the line end that editors add', () => {
    const token = 'a-token-of-enough-characters';
    expect(loadConfig('test', schema, { CONSOLE_TOKEN_FILE: file(`${token}\n`) }).CONSOLE_TOKEN).toBe(token);
  });

  it('works for variables that are no secret', () => {
    expect(loadConfig('test', schema, { PORT_FILE: file('4711\n') }).PORT).toBe(4711);
  });

  it('and NAME together are a fault, because one of them would be ignored', () => {
    const faults = faultsOf({ CONSOLE_TOKEN: 'x'.repeat(16), CONSOLE_TOKEN_FILE: file('y'.repeat(16)) });
    expect(faults).toEqual(['CONSOLE_TOKEN and CONSOLE_TOKEN_FILE are both set: keep one of them']);
  });

  it('that is empty is a fault: a secret that got lost must not turn a protection off', () => {
    for (const name of ['CONSOLE_TOKEN', 'SECRETS_KEY', 'DATABASE_URL', 'REDIS_URL'])
      expect(faultsOf({ [`${name}_FILE`]: file('\n') })).toHaveLength(1);
  });
});

describe('the database', () => {
  it('is SQLite in the base folder unless told otherwise', () => {
    expect(databaseUrl({ INFINIBAY_BASE_DIR: '/srv/x' })).toBe('sqlite:/srv/x/infinibay.db');
    expect(databaseUrl({ INFINIBAY_BASE_DIR: '/srv/x', DATABASE_URL: 'postgres://db/x' })).toBe(
      'postgres://db/x',
    );
  });
});

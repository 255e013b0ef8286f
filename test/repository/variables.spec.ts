import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { readConfig as readConsole } from '../../apps/console/config.js';
import { readConfig as readDistribution } from '../../apps/distribution/config.js';
import { readConfig as readGateway } from '../../apps/gateway/config.js';
import { readConfig as readMedia } from '../../apps/media/config.js';
import { readConfig as readStandalone } from '../../apps/standalone/config.js';
import { read } from './files.js';

const folder = mkdtempSync(join(tmpdir(), 'infinibay-variables-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The names that an app asks its environment for: those of its schema, however it is put together. */
function variablesOf(reader: (env: NodeJS.ProcessEnv) => unknown): Set<string> {
  const asked = new Set<string>();
  const given: NodeJS.ProcessEnv = { INFINIBAY_BASE_DIR: folder };
  reader(
    new Proxy(given, {
      get: (env, name) => {
        if (typeof name === 'string' && !name.endsWith('_FILE')) asked.add(name);
        return env[name as string];
      },
    }),
  );
  return asked;
}

const apps = {
  D: variablesOf(readDistribution),
  M: variablesOf(readMedia),
  G: variablesOf(readGateway),
  C: variablesOf(readConsole),
};
const all = new Set(Object.values(apps).flatMap((names) => [...names]));
variablesOf(readStandalone).forEach((name) => all.add(name));
const sorted = (names: Iterable<string>): string[] => [...names].sort();

/** Name, apps, default, meaning. */
const rows = [
  ...read('docs/operations.md').matchAll(/^\| `([A-Z][A-Z0-9_]+)` +\|([^|]+)\|([^|]+)\|([^|]+)\|$/gm),
].map(([, name = '', who = '', fallback = '', meaning = '']) => ({
  name,
  who: who.trim(),
  fallback: fallback.trim(),
  meaning: meaning.trim(),
}));
const example = Object.fromEntries(
  [...read('.env.example').matchAll(/^([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, name = '', value = '']) => [
    name,
    value,
  ]),
);

describe('a configuration variable', () => {
  it('is found at all: the apps read some', () => {
    expect(all.size).toBeGreaterThan(15);
    expect([...all]).toEqual(expect.arrayContaining(['DATABASE_URL', 'APP_HOST', 'HOST_ID', 'PORT']));
  });

  it('that an app reads stands in .env.example, once, and no other does', () => {
    expect(sorted(Object.keys(example))).toEqual(sorted(all));
    expect(read('.env.example').match(/^[A-Z][A-Z0-9_]*=/gm)).toHaveLength(all.size);
  });

  it('that an app reads has its row in docs/operations.md, and no other has', () => {
    expect(sorted(rows.map(({ name }) => name))).toEqual(sorted(all));
    for (const { meaning } of rows) expect(meaning.length).toBeGreaterThan(20);
  });

  it.each(Object.entries(apps))(
    'has %s among the apps of its row exactly when that app reads it',
    (letter, names) => {
      const said = rows
        .filter(({ who }) => who === 'all' || who.split(/, */).includes(letter))
        .map(({ name }) => name);
      expect(sorted(said)).toEqual(sorted(names));
    },
  );

  it('has its real default in .env.example: the file as it stands changes nothing', () => {
    for (const reader of [readDistribution, readMedia, readGateway, readConsole])
      expect(reader(example)).toEqual(reader({}));
  });

  it('has its real default in docs/operations.md', () => {
    for (const { name, fallback } of rows) {
      const value = example[name];
      if (value) expect(`${name}: ${fallback}`).toContain(`\`${value}\``);
      else expect(`${name}: ${fallback}`).toMatch(/not set|made in|the machine's host name|sqlite:/);
    }
  });
});

describe('compose.yml', () => {
  it('sets no variable that nobody reads', () => {
    const set = [...read('docker/compose.yml').matchAll(/^ {2,6}([A-Z][A-Z0-9_]+): /gm)].map(
      ([, name]) => name,
    );
    // Of the images of PostgreSQL and Redis, and the port that the image's health check asks.
    const others = ['POSTGRES_DB', 'POSTGRES_PASSWORD', 'POSTGRES_USER', 'REDISCLI_AUTH', 'APP_PORT'];
    expect(set.length).toBeGreaterThan(10);
    expect(set.filter((name) => !all.has(name ?? '') && !others.includes(name ?? ''))).toEqual([]);
  });
});

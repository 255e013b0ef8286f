import { describe, expect, it } from '@jest/globals';
import { committedFiles, read } from './files.js';

const { version } = JSON.parse(read('package.json')) as { version: string };

describe('the version in package.json', () => {
  it('is the agent’s too, in Cargo.toml and in its lock file', () => {
    expect(/^\[package\]\n(?:.+\n)*?version = "(.*)"$/m.exec(read('infiniservice/Cargo.toml'))?.[1]).toBe(
      version,
    );
    expect(/^name = "infiniservice"\nversion = "(.*)"$/m.exec(read('infiniservice/Cargo.lock'))?.[1]).toBe(
      version,
    );
  });

  it('is the tag of the images that compose.yml builds', () => {
    const images = [...read('docker/compose.yml').matchAll(/^\s+image: infinibay\/([a-z]+):(.*)$/gm)];
    expect(images.map(([, name]) => name)).toEqual(expect.arrayContaining(['suite', 'agent']));
    for (const [, name, tag] of images) expect([name, tag]).toEqual([name, version]);
  });

  it('is that of package-lock.json and of every package of the workspace', () => {
    const lock = JSON.parse(read('package-lock.json')) as {
      version: string;
      packages: Record<string, { version?: string }>;
    };
    expect([lock.version, lock.packages['']?.version]).toEqual([version, version]);
    for (const path of committedFiles().filter((file) => /^(apps|libs)\/.*package\.json$/.test(file))) {
      const found = (JSON.parse(read(path)) as { version?: string }).version;
      expect([path, found ?? version]).toEqual([path, version]);
    }
  });

  /** Tests, fixtures and golden files say a version where any would do; manifests are compared above. */
  const isSource = (path: string): boolean =>
    /^(apps|libs)\/.*\.(ts|mjs|sh|ps1)$/.test(path) && !/spec\.ts$|\/(golden|fixtures)\//.test(path);
  const repeats = (text: string): boolean =>
    new RegExp(`(?<![\\d.])${version.replaceAll('.', '\\.')}(?![\\d.]*\\d)`).test(text);

  it('is repeated by no source of apps/ and libs/', () => {
    const sources = committedFiles().filter(isSource);
    expect(sources.length).toBeGreaterThan(100);
    expect(sources.filter((path) => repeats(read(path)))).toEqual([]);
  });

  it('is recognised where it is repeated', () => {
    expect(repeats(`const VERSION = '${version}';`)).toBe(true);
    expect(repeats(`listen('1${version}', '${version}.1')`)).toBe(false);
  });
});

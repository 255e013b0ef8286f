import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { committedFiles, read, root } from './files.js';

const files = committedFiles();
const texts = files.filter((path) => !/\.(png|ico|gz|iso|exe|woff2)$/.test(path));
const manifest = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

describe('hosts', () => {
  // Built from parts, so that this file does not hold what it looks for.
  const download = new RegExp(
    [
      '//registry\\.',
      ['npmjs', '(org|com)'],
      ['yarnpkg', 'com'],
      ['crates', 'io'],
      ['pypi', 'org'],
      ['pythonhosted', 'org'],
      ['proxy.golang', 'org'],
      ['static.rust-lang', 'org'],
      ['deb.debian', 'org'],
      ['docker', 'io/'],
    ]
      .map((part) => (typeof part === 'string' ? part : part.join('\\.')))
      .join('|'),
  );
  /** What cargo calls its default source, in every lock file; a mirror is set beside the tree. */
  const CARGO_SOURCE = ['source = "registry+https://github.com/rust-lang/crates', 'io-index"'].join('.');

  it('that packages come from stand in no committed file: a mirror works without a change to the tree', () => {
    const found = texts.flatMap((path) =>
      read(path)
        .split('\n')
        .flatMap((line, index) =>
          download.test(line) && line !== CARGO_SOURCE ? [`${path}:${index + 1}`] : [],
        ),
    );
    expect(found).toEqual([]);
  });

  it('are recognised', () => {
    for (const host of [
      ['registry', 'npmjs', 'org'],
      ['index', 'crates', 'io'],
      ['files', 'pythonhosted', 'org'],
    ])
      expect(download.test(`"https://${host.join('.')}/x"`)).toBe(true);
  });

  it('stand in no lock file as the place where a package was found', () => {
    const lock = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { resolved?: string; integrity?: string; link?: boolean }>;
    };
    // The project itself and its workspaces are folders of this tree.
    const own = new Set([
      '',
      ...Object.values(lock.packages).flatMap((entry) => (entry.link ? [entry.resolved] : [])),
    ]);
    expect([...own]).toEqual(['', 'libs/protocol']);
    const packages = Object.entries(lock.packages).filter(([path, { link }]) => !own.has(path) && !link);
    expect(packages.length).toBeGreaterThan(100);
    for (const [path, { resolved, integrity }] of packages) {
      expect([path, resolved]).toEqual([path, undefined]);
      expect([path, integrity]).toEqual([path, expect.stringMatching(/^sha512-/)]);
    }
  });
});

describe('files', () => {
  const GENERATED = [
    /^package-lock\.json$/,
    /^infiniservice\/Cargo\.lock$/,
    /^docs\/openapi\//,
    /^libs\/protocol\/schemas\//,
    /^libs\/protocol\/asyncapi\.yaml$/,
    // Written by the tests that compare with them (UPDATE_GOLDEN=1).
    /^apps\/media\/(?:families\/[a-z]+|plan)\/golden\//,
    /^libs\/db\/migrations\/[a-z]+\/\.snapshot-/,
  ];
  const isGenerated = (path: string): boolean => GENERATED.some((pattern) => pattern.test(path));
  /** Lines that say something: neither blank nor a comment. */
  const weight = (path: string): number =>
    read(path)
      .split('\n')
      .filter((line) => !/^\s*(\/\/.*|\/?\*.*)?$/.test(line)).length;

  it('have at most 400 lines, blank lines and comments apart, unless they are generated', () => {
    const long = texts.filter((path) => !isGenerated(path) && weight(path) > 400);
    expect(long).toEqual([]);
  });

  it('that are generated still exist under the names by which they are let off', () => {
    for (const pattern of GENERATED) expect(files.some((path) => pattern.test(path))).toBe(true);
  });

  it('have no comment wider than 110 columns', () => {
    // A migration that was released stays as it is.
    const source = files.filter(
      (path) => /\.(ts|mjs|rs)$/.test(path) && !path.startsWith('libs/db/migrations/'),
    );
    const wide = source.flatMap((path) =>
      read(path)
        .split('\n')
        .flatMap((line, index) =>
          /^\s*(\/\/|\/\*\*?|\*) /.test(line) && [...line].length > 110 ? [`${path}:${index + 1}`] : [],
        ),
    );
    expect(wide).toEqual([]);
  });

  it('hold no mark of work that was left', () => {
    const mark = new RegExp(
      `\\b(${['TO', 'DO'].join('')}|${['FIX', 'ME'].join('')}|${['X', 'XX'].join('')})\\b`,
    );
    const source = texts.filter((path) => /\.(ts|mjs|rs|sh|ps1|yml|toml)$/.test(path));
    expect(source.filter((path) => mark.test(read(path)))).toEqual([]);
  });

  it('hold no secret and no path of a developer’s machine', () => {
    const bad = /-----BEGIN [A-Z ]*PRIVATE KEY|\/home\/(?!\$)[a-z]+\/|\/Users\/[a-z]+\//;
    expect(texts.filter((path) => path !== 'test/repository/tree.spec.ts' && bad.test(read(path)))).toEqual(
      [],
    );
  });
});

describe('scripts', () => {
  it('of package.json start files that exist', () => {
    const missing = Object.entries(manifest.scripts).flatMap(([name, command]) =>
      [...command.matchAll(/(?:^|\s)((?:scripts|dist)\/[\w./-]+\.(?:mjs|js|sh))/g)].flatMap(
        ([, path = '']) => {
          const source = path.replace(/^dist\/(.*)\.js$/, '$1.ts');
          return existsSync(join(root, source)) ? [] : [`${name}: ${path}`];
        },
      ),
    );
    expect(missing).toEqual([]);
  });

  it('that the documents, the compose file and the messages name are there', () => {
    const named = texts
      .filter((path) => /\.(md|yml|ts|mjs|sh)$/.test(path))
      .flatMap((path) =>
        [...read(path).matchAll(/\bnpm run ([a-z][a-z:-]*)/g)].map(([, name = '']) => [name, path] as const),
      );
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter(([name]) => !(name in manifest.scripts))).toEqual([]);
  });
});

describe('links', () => {
  const documents = files.filter((path) => path.endsWith('.md'));
  /** As GitHub makes them. */
  const anchors = (path: string): string[] =>
    [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replace(/ /g, '-'),
    );

  it.each(documents)('of %s lead somewhere', (document) => {
    const broken = [...read(document).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
      if (/^[a-z]+:/.test(target)) return [];
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? document : join(dirname(document), path);
      if (!existsSync(join(root, file))) return [target];
      return anchor !== undefined && !anchors(file).includes(anchor) ? [target] : [];
    });
    expect(broken).toEqual([]);
  });

  it('to documents stand in the README for each of them', () => {
    for (const document of documents.filter(
      (path) => path.startsWith('docs/') && !path.startsWith('docs/openapi'),
    ))
      expect(read('README.md')).toContain(`(${document})`);
  });
});

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { root } from './files.js';

/** The sources with the rules, in a folder where violations may be planted. */
const copy = mkdtempSync(join(tmpdir(), 'infinibay-imports-'));
beforeAll(() => {
  for (const name of [
    'apps',
    'libs',
    'package.json',
    'tsconfig.json',
    '.dependency-cruiser.mjs',
    '.dependency-cruiser.tsconfig.json',
  ])
    cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

function cruise(folder: string): { code: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs'),
      '--config',
      '.dependency-cruiser.mjs',
      'apps',
      'libs',
    ],
    { cwd: folder, encoding: 'utf8' },
  );
  return { code: status, output: stdout + stderr };
}

it('the tree keeps the rules of who may import whom', () => {
  const { code, output } = cruise(root);
  expect([code, code === 0 ? '' : output]).toEqual([0, '']);
  // Rules that see no files find no faults either.
  expect(Number(/(\d+) modules/.exec(output)?.[1])).toBeGreaterThan(80);
}, 120_000);

it('a violation of each rule is found', () => {
  const planted: [rule: string, path: string, text: string][] = [
    ['no-app-to-app', 'apps/console/planted.ts', "export { MediaModule } from '../media/media.module.js';"],
    ['no-lib-to-app', 'libs/db/planted-up.ts', "export { readConfig } from '../../apps/console/config.js';"],
    [
      'libs-through-their-index',
      'apps/gateway/planted-deep.ts',
      "export { openDatabase } from '../../libs/db/database.js';",
    ],
    ['sql-lives-in-libs-db', 'apps/console/planted-sql.ts', "export { raw } from '@mikro-orm/core';"],
    [
      'sql-lives-in-libs-db',
      'libs/runtime/planted-sql.ts',
      "export { SqliteDriver } from '@mikro-orm/sqlite';",
    ],
    ['sql-lives-in-libs-db', 'apps/media/planted-sql.ts', "export { DatabaseSync } from 'node:sqlite';"],
    ['sockets-in-the-channel', 'apps/gateway/session/planted.ts', "export type { Socket } from 'node:net';"],
    ['bus-transport-in-the-bus', 'apps/gateway/host/planted.ts', "export { Redis } from 'ioredis';"],
    [
      'bus-transport-in-the-bus',
      'apps/media/planted-transport.ts',
      "export { ClientRedis } from '@nestjs/microservices';",
    ],
    ['protocol-needs-zod-only', 'libs/protocol/planted.ts', "export { readFileSync } from 'node:fs';"],
    [
      'answers-are-read-by-parsers-only',
      'libs/answers/windows/planted.ts',
      "export { readFileSync } from 'node:fs';",
    ],
    ['cli-is-light', 'apps/cli/planted.ts', "export { Injectable } from '@nestjs/common';"],
    ['cli-is-light', 'apps/cli/output/planted.ts', "export { AppError } from '#runtime';"],
    ['core-is-pure', 'apps/media/families/planted.ts', "export { Injectable } from '@nestjs/common';"],
    [
      'families-only-render',
      'apps/media/families/windows/planted-reader.ts',
      "export { readIso } from '../../vendor/iso9660.js';",
    ],
    [
      'families-only-render',
      'apps/media/families/planted-fact.ts',
      "export type { VendorIso } from '../vendor/vendor-iso.js';",
    ],
    [
      'families-only-render',
      'apps/media/families/planted-writer.ts',
      "export { makeSeedImage } from '../image/iso.js';",
    ],
    [
      'families-only-render',
      'apps/media/families/planted-delivery.ts',
      "export { DELIVERIES } from '../deliveries/deliveries.js';",
    ],
    [
      'families-only-render',
      'apps/media/families/planted-store.ts',
      "export { MediaFolder } from '../store/media-folder.js';",
    ],
    ['core-is-pure', 'apps/media/families/windows/planted.ts', "export { readFileSync } from 'node:fs';"],
    [
      'script-files-read-and-nothing-else',
      'libs/script-files/planted.ts',
      "export { connect } from 'node:net';",
    ],
    [
      'placeholders-are-judged-by-grammars-only',
      'libs/placeholders/planted.ts',
      "export { readFileSync } from 'node:fs';",
    ],
    ['core-is-pure', 'apps/gateway/core/planted.ts', "export { connect } from 'node:net';"],
    [
      'standalone-takes-modules-and-config-only',
      'apps/standalone/planted.ts',
      "export { MediaService } from '../media/media.service.js';",
    ],
    ['no-cycles', 'libs/runtime/planted-a.ts', "export { b } from './planted-b.js';\nexport const a = 1;"],
  ];
  for (const [, path, text] of planted) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    writeFileSync(join(copy, path), `${text}\n`);
  }
  // The other half of the cycle, which is named once.
  writeFileSync(
    join(copy, 'libs/runtime/planted-b.ts'),
    "export { a } from './planted-a.js';\nexport const b = 1;\n",
  );
  const { code, output } = cruise(copy);
  expect(code).not.toBe(0);
  const lines = output.split('\n');
  for (const [rule, path] of planted)
    expect([rule, path, lines.some((line) => line.includes(rule) && line.includes(path))]).toEqual([
      rule,
      path,
      true,
    ]);
}, 120_000);

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { baseDir } from '../support/apps/apps.js';
import { type Demonstration, startDemonstration } from '../support/apps/demonstration.js';
import { type Block, blocksOf } from '../support/text/runnable-document.js';
import { type TypedBlock, typeBlocks } from '../support/text/typed-blocks.js';

const root = resolve(import.meta.dirname, '../..');
const base = baseDir();
/** Where `mktemp -d` of the journeys puts its folder. */
const temporary = mkdtempSync(join(tmpdir(), 'infinibay-readme-'));
let demonstration: Demonstration;
beforeAll(async () => {
  demonstration = await startDemonstration(base);
}, 120_000);
afterAll(async () => {
  await demonstration?.app.stop();
  for (const folder of [base, temporary]) rmSync(folder, { recursive: true, force: true });
});

const checkout = (): string =>
  execFileSync('git', ['status', '--porcelain', '--ignored'], { cwd: root, encoding: 'utf8' });

it('the journeys of the README work as they stand, and leave the checkout as it was', () => {
  const journeys: Block[] = blocksOf(join(root, 'README.md')).filter(({ marks }) => marks.includes('run'));
  const before = checkout();
  const { typed, stderr, status } = typeBlocks(journeys, {
    here: demonstration.here,
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      TMPDIR: temporary,
      CONSOLE_URL: demonstration.consoleUrl,
      INFINIBAY_BASE_DIR: base,
    },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(checkout()).toBe(before);
  // An answer that refuses carries the id of its request.
  for (const { block, output } of typed)
    expect(`line ${block.line}: ${output}`).not.toContain('"correlationId"');
  /** What the block with this text printed. */
  const printed = (text: string): string =>
    typed.find(({ block }: TypedBlock) => block.text.includes(text))?.output ?? `nothing has ${text}`;
  expect(printed('/api/machines ')).toContain('"channel":"ready"');
  expect(printed('/events')).toMatch(/event: output\n.*\n?data: .*"stream":"stdout"/);
  expect(printed('/output?stream=stdout')).toMatch(/\nLinux\n\d+\n/);
  expect(printed('/explanation')).toContain('"code":"success"');
  expect(printed('/cancel')).toMatch(/"status":"CANCELLED".*"cancelled":\["[0-9a-f-]{36}"\]/s);
  expect(printed('/infiniservice/metadata')).toContain('"version"');
  expect(printed('media create')).toMatch(/: request: no fault\n/);
  expect(printed('media create')).toContain('nothing was made');
  expect(printed('media create')).toMatch(/"machineId":"7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d".*"seed.iso"/);
  const folder = readdirSync(temporary).find((name) => name.startsWith('tmp.')) ?? '';
  expect(readdirSync(join(temporary, folder)).sort()).toEqual(['infiniservice', 'seed.iso', 'web-1.yaml']);
});

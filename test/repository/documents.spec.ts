import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  CHANNEL_LIMITS,
  CreateScript,
  executionStatus,
  failureReason,
  MAX_TIMEOUT_SECONDS,
  MediaRequest,
  ScheduleExecutions,
  shell,
} from '#protocol';
import { blocksOf } from '../support/text/runnable-document.js';
import { committedFiles, read, root } from './files.js';

const documents = committedFiles().filter((path) => path === 'README.md' || /^docs\/[a-z-]+\.md$/.test(path));

/** The rows of a document's tables: their cells, without marks of code. */
const rowsOf = (path: string): string[][] =>
  read(path)
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| --'))
    .map((line) => line.split('|').map((cell) => cell.replaceAll('`', '').trim()))
    .map((cells) => cells.slice(1, -1));

describe('documents', () => {
  it('name places that are there', () => {
    const place = /`((?:apps|libs|infiniservice|test|scripts|docs|docker)\/[\w./-]+)`/g;
    const named = documents
      // What was decided then may name what was moved since.
      .filter((path) => path !== 'docs/decisions.md')
      .flatMap((path) => [...read(path).matchAll(place)].map(([, name = '']) => `${path}: ${name}`));
    expect(named.length).toBeGreaterThan(40);
    // What an operator makes is not committed.
    const missing = named.filter((entry) => !existsSync(join(root, entry.split(': ')[1] ?? '')));
    expect(missing.filter((entry) => !entry.endsWith('/.env'))).toEqual([]);
  });

  it('draw the tree as it is', () => {
    const tree = blocksOf(join(root, 'docs/architecture.md'))[0]?.text ?? '';
    const above: string[] = [];
    const drawn = tree.split('\n').flatMap((line) => {
      const [, indent = '', names = ''] = /^( *)((?:[\w-]+\/ ?)+)/.exec(line) ?? [];
      const depth = indent.length / 2;
      return names
        .trim()
        .split(' ')
        .filter(Boolean)
        .map((name) => {
          above.length = depth;
          above[depth] = name;
          return above.join('');
        });
    });
    expect(drawn.length).toBeGreaterThan(30);
    expect(drawn.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    const apart = (folder: string): string[] =>
      [...new Set(committedFiles().map((path) => new RegExp(`^${folder}/[^/]+/`).exec(path)?.[0] ?? ''))]
        .filter(Boolean)
        .sort();
    const drawnIn = (folder: string): string[] =>
      drawn.filter((path) => new RegExp(`^${folder}/[^/]+/$`).test(path)).sort();
    for (const folder of ['apps', 'libs']) expect(drawnIn(folder)).toEqual(apart(folder));
  });
});

describe('docs/scripts.md', () => {
  const text = read('docs/scripts.md');
  const rows = rowsOf('docs/scripts.md');
  const names = rows.map(([name = '']) => name);

  it('says of each failure reason what to do, and of no other', () => {
    const told = names.filter((name) => /^[A-Z]{2,}_[A-Z_]+$|^EXPIRED$|^REFUSED$/.test(name));
    expect(told.sort()).toEqual([...failureReason.options].sort());
  });

  it('has each shell and each status', () => {
    for (const name of [...shell.options, ...executionStatus.options]) expect(text).toContain(`\`${name}\``);
  });

  it('has what to do for each reason to wait', () => {
    const source = read('apps/console/executions/explain.ts');
    const codes = [...source.matchAll(/say\(\s*'(\w+)'/g)].map(([, code = '']) => code);
    // Of runs that have ended: a failure's code is its reason.
    const ended = new Set([
      ...['success', 'cancelled', 'timeout', 'failed'],
      ...failureReason.options.map((reason) => reason.toLowerCase()),
    ]);
    const waiting = codes.filter((code) => !ended.has(code));
    expect(waiting.length).toBeGreaterThan(10);
    const told = names.flatMap((name) => name.split(', '));
    expect(waiting.filter((code) => !told.includes(code))).toEqual([]);
  });

  const uuid = (index: number): string => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
  const script = (more: object): boolean =>
    CreateScript.safeParse({ name: 'x', shell: 'SH', content: 'true', ...more }).success;
  const schedule = (more: object): boolean =>
    ScheduleExecutions.safeParse({ scriptId: uuid(0), machineIds: [uuid(1)], ...more }).success;
  const medium = (more: object): boolean =>
    MediaRequest.safeParse({
      vmId: uuid(0),
      hostname: 'x',
      os: { family: 'ubuntu', version: '24.04' },
      users: [{ name: 'ada', sshKeys: [] }],
      ...more,
    }).success;
  const many = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

  /**
   * Of a row of the limits: does a request with so much of it fit? One for each number of the row, lowest
   * first.
   */
  const fits: Record<string, ((count: number) => boolean)[]> = {
    'a script’s text, after its inputs were put in': [(count) => script({ content: 'x'.repeat(count) })],
    'inputs of a script; characters of one value': [
      (count) => script({ inputs: many(count).map((index) => ({ name: `i${index}`, type: 'text' })) }),
      (count) => schedule({ inputs: { a: 'x'.repeat(count) } }),
    ],
    'machines of one request': [(count) => schedule({ machineIds: many(count).map(uuid) })],
    'scripts at first boot': [
      (count) => medium({ firstBootScripts: many(count).map((index) => ({ scriptId: uuid(index) })) }),
    ],
    'a script’s name; its description': [
      (count) => script({ name: 'x'.repeat(count) }),
      (count) => script({ description: 'x'.repeat(count) }),
    ],
    timeoutSeconds: [(count) => script({ timeoutSeconds: count })],
    repeatIntervalMinutes: [(count) => schedule({ repeatIntervalMinutes: count })],
    'retry.maxAttempts': [(count) => script({ retry: { maxAttempts: count, safe: true } })],
    order: [(count) => schedule({ order: count })],
  };

  it.each(Object.entries(fits))('has the limit that is kept: %s', (name, tries) => {
    const [, limits = ''] = rows.find(([cell]) => cell === name.replaceAll('’', "'")) ?? [];
    const parts = limits.replaceAll(',', '').split(';');
    expect(parts).toHaveLength(tries.length);
    parts.forEach((part, index) => {
      const [limit = 0] = (part.match(/\d+/g) ?? []).map(Number).slice(-1);
      const fit = tries[index] ?? (() => false);
      expect([part, fit(limit), fit(limit + 1)]).toEqual([part, true, false]);
    });
  });

  it('has the limits of a stream and of a timeout in words too', () => {
    const kib = CHANNEL_LIMITS.outputHead / 1024;
    expect(CHANNEL_LIMITS.outputTail).toBe(CHANNEL_LIMITS.outputHead);
    expect(text).toContain(`**first and the last ${kib} KiB**`);
    expect(text).toContain(
      `${MAX_TIMEOUT_SECONDS.toLocaleString('en')} (${MAX_TIMEOUT_SECONDS / 3600} hours)`,
    );
  });
});

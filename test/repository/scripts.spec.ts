import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { powershellReader } from '../support/windows/powershell.js';
import { committedFiles, read } from './files.js';

/**
 * Programs in other languages than ours that the apps carry. The console's module of the same name holds
 * TypeScript only.
 */
const files = committedFiles();
const scripts = files.filter((path) => /^apps\/.*\/scripts\/[^/]+$/.test(path) && !path.endsWith('.ts'));
const ofKind = (kind: string): string[] => scripts.filter((path) => extname(path) === kind);

const folder = mkdtempSync(join(tmpdir(), 'infinibay-scripts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a program says against a file; nothing when it takes it. */
function said(program: string, args: string[], name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  const { status, stdout, stderr, error } = spawnSync(program, [...args, file], {
    encoding: 'utf8',
    input: '',
  });
  if (error) throw error;
  return status === 0 && stderr === '' ? '' : `${status}: ${stdout}${stderr}`;
}

/** A unit needs absolute paths where the renderer puts some. */
const unitText = (text: string): string => text.replace(/@[A-Z_]+@/g, '/bin/true');
let powershellFaults: (text: string) => string[] = () => [];
beforeAll(async () => {
  powershellFaults = await powershellReader();
});

/**
 * What is wrong with a file of each kind; null for kinds that are read elsewhere: .sh by `npm test`, .vbs and
 * .cmd by Wine.
 */
const LINTERS: Record<string, ((name: string, text: string) => string) | null> = {
  '.sh': null,
  '.vbs': null,
  '.cmd': null,
  '.ps1': (_name, text) => powershellFaults(text).join('\n'),
  '.cfg': (name, text) => said('grub-script-check', [], name, text),
  '.service': (name, text) => said('systemd-analyze', ['verify', '--man=no'], name, unitText(text)),
  // Anaconda has gawk, Ubuntu's live server mawk; busybox shows that neither's own habits are needed.
  '.awk': (name, text) =>
    said('gawk', ['-f'], name, text) +
    said('mawk', ['-f'], name, text) +
    said('busybox', ['awk', '-f'], name, text),
};

describe('scripts', () => {
  it('are each of a kind that has a linter', () => {
    expect(scripts.length).toBeGreaterThan(25);
    expect(scripts.filter((path) => !(extname(path) in LINTERS))).toEqual([]);
    for (const kind of Object.keys(LINTERS)) expect([kind, ofKind(kind).length]).not.toEqual([kind, 0]);
  });

  it('of sh are read by the check of all shell scripts, and start with the shell that they are for', () => {
    expect(read('scripts/check-shell.sh')).toMatch(/git ls-files '\*\.sh'.*\n*shellcheck/);
    for (const path of ofKind('.sh')) expect([path, read(path).split('\n')[0]]).toEqual([path, '#!/bin/sh']);
  });

  it('of cmd and VBScript are run by a test beside them', () => {
    const specs = files.filter((path) => path.endsWith('.int-spec.ts'));
    const unread = [...ofKind('.cmd'), ...ofKind('.vbs')].filter(
      (path) =>
        !specs.some(
          (spec) => dirname(spec) === dirname(dirname(path)) && read(spec).includes(basename(path)),
        ),
    );
    expect(unread).toEqual([]);
  });

  it.each(scripts.filter((path) => LINTERS[extname(path)]))('%s is its language', (path) => {
    expect(LINTERS[extname(path)]?.(basename(path), read(path))).toBe('');
  });

  it.each([
    ['.ps1', 'if ($true {\n'],
    ['.cfg', 'if true; then\n'],
    ['.service', '[Service]\nExecStart=relative\n'],
    ['.awk', '{ print \n'],
  ])('that are broken are refused: %s', (kind, text) => {
    expect(LINTERS[kind]?.(`broken${kind}`, text)).toMatch(/./);
  });

  it('are copied by the build, whatever their kind', () => {
    const { projects } = JSON.parse(read('nest-cli.json')) as {
      projects: { standalone: { compilerOptions: { assets: { include: string; outDir: string }[] } } };
    };
    const kinds = Object.keys(LINTERS).map((kind) => kind.slice(1));
    expect(projects.standalone.compilerOptions.assets).toEqual([
      { include: `../../apps/**/scripts/*.{${kinds.sort().join(',')}}`, outDir: 'dist' },
    ]);
  });

  it('are all read by a module beside their folder', () => {
    const unread = scripts.filter(
      (path) =>
        !files.some(
          (source) =>
            /(?<!spec)\.ts$/.test(source) &&
            dirname(source) === dirname(dirname(path)) &&
            read(source).includes(basename(path)),
        ),
    );
    expect(unread).toEqual([]);
  });
});

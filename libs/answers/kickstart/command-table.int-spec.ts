import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { KICKSTART_SYNTAXES } from '#protocol';
import {
  type CommandFacts,
  commandFacts,
  pykickstartVersion,
} from '../../../test/support/installers/pykickstart.js';

const TABLE = join(import.meta.dirname, 'command-table.ts');

/**
 * Commands that take their line apart without argparse; of `auth` and its kin the rest of the line is another
 * program's.
 */
const WORDS: Readonly<Record<string, string>> = {
  auth: 'free',
  authconfig: 'free',
  authselect: 'free',
  realm: 'free',
  btrfs: '1+',
};
/** A name that pykickstart has for itself: what stands for any source of the installation. */
const INTERNAL = new Set(['method']);

const numberOf = (syntax: string): string => syntax.replace(/\D/g, '');

/** The table's text for a list of releases. */
function tableOf(syntaxes: readonly string[]): string {
  const facts = commandFacts(syntaxes);
  const names = new Set(Object.values(facts).flatMap((rows) => rows.map(({ name }) => name)));
  const lines = [...names].filter((name) => !INTERNAL.has(name)).map((name) => line(name, syntaxes, facts));
  return `/**
 * Generated from pykickstart ${pykickstartVersion()} by \`npm run answers:commands\`; a test compares it.
 *
 * Commands of a kickstart, one a line: name, releases that have it, how many words stand beside its options,
 * its options. \`41,42\` after @ are the releases that have it (none: all), after ~ those in which it is
 * deprecated: it does nothing there. \`=\` after an option: it takes a value; \`?\` it may; \`!\` it must be
 * there. \`free\`: words of another program. \`%packages\` is the section of that name.
 */
export const COMMAND_TABLE = \`
${lines.sort((a, b) => (a < b ? -1 : 1)).join('\n')}
\`;

/** The releases that it was made for, with their numbers in it. */
export const COMMAND_RELEASES = {
${syntaxes.map((syntax) => `  ${syntax}: '${numberOf(syntax)}',\n`).join('')}} as const;
`;
}

function line(name: string, syntaxes: readonly string[], facts: Record<string, CommandFacts[]>): string {
  const rows = syntaxes.flatMap((syntax) => {
    const row = facts[syntax]?.find((one) => one.name === name);
    return row ? [{ ...row, syntax }] : [];
  });
  const among = (mark: string, some: string[], all: number): string =>
    some.length === all ? '' : `${mark}${some.map(numberOf).join(',')}`;
  const there = rows.map(({ syntax }) => syntax);
  const deprecated = rows.filter((row) => row.deprecated).map(({ syntax }) => syntax);
  const options = new Set(rows.flatMap((row) => row.options.map((option) => option.name)));
  const words = [...options].map((wanted) => {
    const by = rows.flatMap(({ syntax, options: own }) => {
      const option = own.find((one) => one.name === wanted);
      return option ? [{ ...option, syntax }] : [];
    });
    // Whether it takes a value is the same in all; whether it must be there is asked of the newest.
    const { value, required } = by.at(-1) ?? { value: 'none', required: false };
    const mark = { none: '', must: '=', may: '?' }[value];
    return `${wanted}${mark}${required ? '!' : ''}${among(
      '@',
      by.map(({ syntax }) => syntax),
      rows.length,
    )}`;
  });
  const head = `${name}${among('@', there, syntaxes.length)}${among('~', deprecated, 0)}`;
  const count = WORDS[name] ?? wordsOf(rows.map((row) => row.words).find((row) => row !== null) ?? []);
  return [`${head} ${count}:`, ...words].join(' ').replace(/ (free|[\d+]+):/, ' $1:');
}

/**
 * How many words stand beside the options: a list of any length alone is one word to the command, behind
 * another it is a list.
 */
function wordsOf(nargs: NonNullable<CommandFacts['words']>): string {
  if (nargs.length > 1 && nargs.includes('*')) return '1+';
  return String(nargs.length);
}

it("the table of a kickstart's commands is what the installed pykickstart knows of each release", () => {
  const text = tableOf(KICKSTART_SYNTAXES);
  if (process.env['UPDATE_GOLDEN']) writeFileSync(TABLE, text);
  expect(text).toBe(readFileSync(TABLE, 'utf8'));
}, 60_000);

it('would be another with a release more or fewer', () => {
  const before = KICKSTART_SYNTAXES.slice(1);
  expect(tableOf(before)).not.toBe(readFileSync(TABLE, 'utf8'));
  expect(tableOf(['F40', ...KICKSTART_SYNTAXES])).not.toBe(readFileSync(TABLE, 'utf8'));
}, 60_000);

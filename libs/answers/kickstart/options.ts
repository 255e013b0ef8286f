import type { Fault } from '#protocol';
import { didYouMean, shown } from '../fault.js';
import { COMMANDS, type CommandRule, has, numberOf } from './commands.js';
import type { Command } from './parse.js';
import type { Release } from './release-names.js';

/** A command whose words are sorted into options and the rest. */
export interface ReadCommand extends Command {
  /** Without the dashes; an option without a value is there with ''. */
  options: Map<string, string>;
  rest: string[];
}

/** Options that carry a secret: their values are not shown. */
const SECRET = /^(password|passphrase|md5pass|wpakey|wepkey|reverse-password|hw-passphrase|activation-key)$/;

/**
 * Sorts a command's words by the tables and tells what they do not know, or what its release does not have.
 */
export function readCommand(
  command: Command,
  release: Release | null,
  faults: Fault[],
  notes: Fault[],
): ReadCommand | null {
  const { name, line } = command;
  const rule = COMMANDS.get(name);
  if (!rule) {
    const names = [...COMMANDS.values()]
      .filter(({ releases }) => has(releases, release))
      .map((known) => known.name);
    faults.push({
      path: name,
      message: 'is an unknown command',
      remedy: didYouMean(name, names, 'remove it, or see the kickstart reference'),
      line,
    });
    return null;
  }
  if (release && !has(rule.releases, release)) {
    faults.push({
      path: name,
      message: `is no command in ${release}: the installation stops at it`,
      remedy: REPLACEMENTS[name] ?? 'remove it',
      line,
    });
    return null;
  }
  if (release && rule.deprecated.includes(numberOf(release)))
    notes.push({
      path: name,
      message: `is deprecated in ${release} and does nothing`,
      remedy: REPLACEMENTS[name] ?? 'remove it',
      line,
    });
  const read: ReadCommand = { ...command, options: new Map(), rest: [] };
  if (rule.words === 'free') return { ...read, rest: command.words };
  sortWords(read, rule, release, faults);
  checkCount(read, rule.words, faults);
  for (const [option, { required, releases }] of rule.options)
    if (required && has(releases, release) && !read.options.has(option))
      faults.push({ path: `${name} --${option}`, message: 'is missing', remedy: 'add it', line });
  return read;
}

const REPLACEMENTS: Record<string, string> = {
  auth: 'use authselect',
  authconfig: 'use authselect',
  install: 'remove it: installing is what a kickstart does',
  autostep: 'remove it',
  vnc: 'use rdp',
  rhsm: 'remove it: only RHEL has subscriptions',
  syspurpose: 'remove it: only RHEL has subscriptions',
};

function sortWords(read: ReadCommand, rule: CommandRule, release: Release | null, faults: Fault[]): void {
  const { name, words, line } = read;
  const known = [...rule.options]
    .filter(([, { releases }]) => has(releases, release))
    .map(([option]) => option);
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    const parts = /^--([^=]*)(?:=([\s\S]*))?$/.exec(word);
    if (!parts || word === '--') {
      if (/^-[A-Za-z]/.test(word) && rule.words !== 'free' && name !== 'sshkey')
        faults.push({
          path: `${name} ${word}`,
          message: 'is an unknown option',
          remedy: 'write options with two hyphens',
          line,
        });
      else read.rest.push(word);
      continue;
    }
    const [, option = '', given] = parts;
    const path = `${name} --${option}`;
    const optionRule = rule.options.get(option);
    if (!optionRule) {
      faults.push({
        path,
        message: `is an unknown option of ${name}`,
        remedy: didYouMean(
          `--${option}`,
          known.map((other) => `--${other}`),
          'remove it',
        ),
        line,
      });
      // Its value, if it stands apart, is no word of the command.
      if (
        given === undefined &&
        index + 1 < words.length &&
        rule.words !== 'free' &&
        !words[index + 1]?.startsWith('-') &&
        rule.words.most === 0
      )
        index += 1;
      continue;
    }
    if (!has(optionRule.releases, release)) {
      faults.push({ path, message: `is no option of ${name} in ${release}`, remedy: 'remove it', line });
      continue;
    }
    let value = given ?? '';
    if (optionRule.value === 'none' && given !== undefined)
      faults.push({
        path,
        value: shown(given),
        message: 'takes no value',
        remedy: `write --${option} alone`,
        line,
      });
    if (optionRule.value === 'must' && given === undefined) {
      const next = words[index + 1];
      if (next === undefined || next.startsWith('--'))
        faults.push({ path, message: 'has no value', remedy: `write --${option}=VALUE`, line });
      else {
        value = next;
        index += 1;
      }
    }
    if (optionRule.value === 'must' && given === '' && option !== 'append' && option !== 'password')
      faults.push({ path, message: 'has an empty value', remedy: 'give one, or remove the option', line });
    if (read.options.has(option) && !REPEATABLE.has(option))
      faults.push({
        path,
        ...(SECRET.test(option) ? {} : { value: shown(value) }),
        message: 'stands twice',
        remedy: 'keep one',
        line,
      });
    read.options.set(option, value);
  }
}
const REPEATABLE = new Set(['port', 'service', 'trust', 'addon', 'remove-service']);

function checkCount(
  { name, rest, line }: ReadCommand,
  { least, most }: { least: number; most: number },
  faults: Fault[],
): void {
  if (rest.length > most)
    faults.push({
      path: name,
      value: name === 'rootpw' || name === 'sshpw' ? undefined : shown(rest[most]),
      message:
        most === 0
          ? 'takes options only'
          : `takes ${most} word${most === 1 ? '' : 's'} beside its options, not ${rest.length}`,
      remedy: 'remove what is too much, or put it in quotes',
      line,
    });
  if (rest.length < least)
    faults.push({ path: name, message: 'has too few words', remedy: 'see the kickstart reference', line });
}

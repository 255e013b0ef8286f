import { COMMAND_RELEASES, COMMAND_TABLE } from './command-table.js';
import type { Release } from './release-names.js';

/**
 * A release that was added to the table of releases only does not compile here: `npm run answers:commands`
 * adds it to the commands.
 */
const NUMBERS: Readonly<Record<Release, string>> = COMMAND_RELEASES;
export const numberOf = (release: Release): string => NUMBERS[release];

export interface OptionRule {
  value: 'none' | 'must' | 'may';
  required: boolean;
  /** Numbers of the releases that have it; null: all that have the command. */
  releases: string[] | null;
}

export interface CommandRule {
  name: string;
  releases: string[] | null;
  deprecated: string[];
  /** How many words may stand beside the options. */
  words: { least: number; most: number } | 'free';
  options: Map<string, OptionRule>;
}

const rules = COMMAND_TABLE.trim()
  .split('\n')
  .map((line) => readRule(line));
const isSection = ({ name }: CommandRule): boolean => name.startsWith('%');

/** Every command of any release. */
export const COMMANDS: ReadonlyMap<string, CommandRule> = new Map(
  rules.filter((rule) => !isSection(rule)).map((rule) => [rule.name, rule]),
);
/** Options of `%packages` by name. */
export const PACKAGE_OPTIONS: ReadonlyMap<string, OptionRule> =
  rules.find(({ name }) => name === '%packages')?.options ?? new Map<string, OptionRule>();

/** Commands that are one and the same twice: the second silently replaces the first. */
export const SINGLETONS = new Set(
  'authselect autopart bootloader clearpart eula firewall firstboot ignoredisk keyboard lang logging reqpart rootpw selinux skipx timezone xconfig zerombr zipl services'.split(
    ' ',
  ),
);
/** Of each group one command only. */
export const EXCLUSIVE: readonly { names: string[]; what: string }[] = [
  { names: ['text', 'graphical', 'cmdline'], what: 'the user interface' },
  { names: ['reboot', 'poweroff', 'halt', 'shutdown'], what: 'the end of the installation' },
  {
    names: ['url', 'cdrom', 'nfs', 'harddrive', 'hmc', 'liveimg', 'ostreesetup', 'ostreecontainer', 'bootc'],
    what: 'the source of the installation',
  },
];

const SCRIPT = ['erroronfail', 'interpreter=', 'log=', 'logfile='];
/** Sections and their options; null: words of another program. */
export const SECTIONS: ReadonlyMap<string, string[] | null> = new Map([
  ['%pre', SCRIPT],
  ['%pre-install', SCRIPT],
  ['%post', [...SCRIPT, 'nochroot']],
  ['%onerror', SCRIPT],
  ['%traceback', SCRIPT],
  ['%packages', [...PACKAGE_OPTIONS].map(([name, { value }]) => (value === 'must' ? `${name}=` : name))],
  ['%certificate', ['filename=', 'dir=', 'type=']],
  ['%addon', null],
  ['%anaconda', null],
]);
/** Whether a rule holds for a release; without one, whether any release has it. */
export const has = (releases: string[] | null, release: Release | null): boolean =>
  releases === null || release === null || releases.includes(numberOf(release));

function readRule(line: string): CommandRule {
  const colon = line.indexOf(':');
  const [head = '', count = '0'] = line.slice(0, colon).split(' ');
  const [, name = '', releases, deprecated] = /^(%?[a-z]+)(?:@([\d,]+))?(?:~([\d,]+))?$/.exec(head) ?? [];
  return {
    name,
    releases: releases?.split(',') ?? null,
    deprecated: deprecated?.split(',') ?? [],
    words: wordsOf(count),
    options: new Map(
      line
        .slice(colon + 1)
        .split(' ')
        .filter(Boolean)
        .map((option) => readOption(option)),
    ),
  };
}

function wordsOf(count: string): CommandRule['words'] {
  if (count === 'free') return 'free';
  const least = parseInt(count, 10);
  return { least: count.endsWith('+') ? least : 0, most: count.endsWith('+') ? 1000 : least };
}

function readOption(text: string): [string, OptionRule] {
  const [, name = '', value = '', required = '', releases] =
    /^([\w-]+)([=?]?)(!?)(?:@([\d,]+))?$/.exec(text) ?? [];
  return [
    name,
    {
      value: value === '=' ? 'must' : value === '?' ? 'may' : 'none',
      required: required === '!',
      releases: releases?.split(',') ?? null,
    },
  ];
}

import { type Fault, isKeyboardLayout, KEYBOARD_LAYOUTS } from '#protocol';
import { didYouMean, shown } from '../fault.js';
import { localeFault } from '../names/glibc-locales.js';
import { isCryptHash, MAKE_A_HASH } from '../names/passwords.js';
import { zoneFault } from '../names/zones.js';
import { type Add, faultsOf } from './command-fault.js';
import { networkFaults } from './network.js';
import type { ReadCommand } from './options.js';

/** What is wrong with the values of one command. */
export function valueFaults(command: ReadCommand): Fault[] {
  const faults: Fault[] = [];
  CHECKS[command.name]?.(command, faultsOf(command, faults));
  return faults;
}

const CHECKS: Record<string, (command: ReadCommand, add: Add) => void> = {
  rootpw: (command, add) => {
    if (command.rest.length === 0 && !command.options.has('lock'))
      add('', 'has no password', 'give a hash with --iscrypted, or use --lock');
    if (command.rest[0] !== undefined) hash(command.rest[0], command, '', add);
  },
  sshpw: (command, add) => {
    if (command.options.has('sshkey')) return;
    if (command.rest[0] !== undefined) hash(command.rest[0], command, '', add);
  },
  user: (command, add) => {
    const name = command.options.get('name');
    if (name !== undefined && !/^[a-z_][a-z0-9_-]{0,31}\$?$/.test(name))
      add(
        '--name',
        'is not a Linux user name',
        'use lower-case letters, digits, _ and -, beginning with a letter',
        name,
      );
    const password = command.options.get('password');
    if (password !== undefined) hash(password, command, '--password', add);
    for (const id of ['uid', 'gid']) number(command, id, 0, 4_294_967_294, add);
  },
  group: (command, add) => number(command, 'gid', 0, 4_294_967_294, add),
  bootloader: (command, add) => {
    const password = command.options.get('password');
    if (password !== undefined && !command.options.has('iscrypted'))
      add('--password', 'is in plain words', 'give a hash of grub2-mkpasswd-pbkdf2 with --iscrypted');
    oneOf(command, 'location', ['mbr', 'partition', 'none', 'boot'], add);
    number(command, 'timeout', -1, 86_400, add);
  },
  vnc: (command, add) => plain(command, add),
  rdp: (command, add) => plain(command, add),
  timezone: ({ rest: [zone] }, add) => {
    const fault = zone === undefined ? null : zoneFault(zone);
    if (fault) add('', fault.message, fault.remedy, zone);
  },
  lang: ({ rest: [locale], options }, add) => {
    if (locale === undefined) add('', 'names no language', 'give one such as en_US.UTF-8');
    for (const [part, value] of [
      ['', locale] as const,
      ...(options.get('addsupport')?.split(',') ?? []).map((more) => ['--addsupport', more] as const),
    ]) {
      const fault = value === undefined ? null : localeFault(value);
      if (fault) add(part, fault.message, fault.remedy, value);
    }
  },
  keyboard: ({ rest, options }, add) => {
    if (rest.length === 0 && !options.has('vckeymap') && !options.has('xlayouts'))
      add('', 'names no layout', 'give --xlayouts=us');
    for (const layout of options.get('xlayouts')?.split(',') ?? []) {
      const [, name = layout] = /^\s*([\w-]+)(?:\s*\([\w-]+\))?\s*$/.exec(layout) ?? [];
      if (!isKeyboardLayout(name))
        add(
          '--xlayouts',
          `${JSON.stringify(shown(layout))} is not a known keyboard layout`,
          didYouMean(name, KEYBOARD_LAYOUTS, 'give an XKB layout such as us'),
          layout,
        );
    }
    for (const [part, map] of [['', rest[0]] as const, ['--vckeymap', options.get('vckeymap')] as const])
      if (map !== undefined && !/^[a-z][\w-]{1,40}$/i.test(map))
        add(part, 'is not the name of a keymap', 'give one such as us', map);
  },
  selinux: (command, add) => exactlyOne(command, ['enforcing', 'permissive', 'disabled'], add),
  firstboot: (command, add) => {
    // --reconfig goes with either.
    const words = ['enable', 'enabled', 'disable', 'disabled'];
    if (!command.options.has('reconfig') || words.some((word) => command.options.has(word)))
      exactlyOne(command, words, add);
  },
  firewall: ({ options }, add) => {
    if (
      (options.has('enabled') || options.has('enable')) &&
      (options.has('disabled') || options.has('disable'))
    )
      add('', '--enabled and --disabled exclude each other', 'keep one');
    for (const port of options.get('port')?.split(',') ?? [])
      if (
        !/^([\w-]+|\d{1,5}(-\d{1,5})?):(tcp|udp|sctp|dccp)$/.test(port) ||
        Number(/^\d+/.exec(port)?.[0] ?? 0) > 65_535
      )
        add('--port', 'is not a port and its protocol', 'write it as in 1234:tcp', port);
  },
  network: (command, add) => networkFaults(command, add),
  url: (command, add) => source(command, ['url', 'mirrorlist', 'metalink'], add),
  repo: (command, add) => source(command, ['baseurl', 'mirrorlist', 'metalink'], add, true),
  liveimg: (command, add) => source(command, ['url'], add),
  services: (command, add) => {
    const off = command.options.get('disabled')?.split(',') ?? [];
    for (const name of command.options.get('enabled')?.split(',') ?? [])
      if (off.includes(name)) add('--enabled', `${name} is disabled in the same line`, 'keep one', name);
    if (command.options.size === 0) add('', 'names no service', 'give --enabled or --disabled');
  },
  eula: ({ options }, add) => {
    if (options.size === 0) add('', 'agrees to nothing', 'write eula --agreed');
  },
  sshkey: ({ rest: [key] }, add) => {
    if (key !== undefined && !/^(\S+ )?(ssh-|ecdsa-sha2-|sk-)\S+ [A-Za-z0-9+/]{16,}={0,3}( .*)?$/.test(key))
      add('', 'is not an OpenSSH public key', 'put one public key in quotes', key);
    if (key === undefined) add('', 'has no key', 'put one public key in quotes');
  },
};

function hash(value: string, { options }: ReadCommand, part: string, add: Add): void {
  if (!options.has('iscrypted') || options.has('plaintext'))
    add(
      part,
      'is a password in plain words: it would be readable on the medium',
      `use --iscrypted; ${MAKE_A_HASH}`,
    );
  else if (!isCryptHash(value)) add(part, 'is not a crypt hash, which --iscrypted says', MAKE_A_HASH);
}

function plain({ options }: ReadCommand, add: Add): void {
  if (options.has('password'))
    add(
      '--password',
      'is readable on the medium',
      'leave it out: an unattended installation needs no remote screen',
    );
}

function number({ options }: ReadCommand, option: string, least: number, most: number, add: Add): void {
  const value = options.get(option);
  if (value !== undefined && (!/^-?\d+$/.test(value) || Number(value) < least || Number(value) > most))
    add(`--${option}`, `must be a whole number from ${least} to ${most}`, 'correct it', value);
}

function oneOf({ options }: ReadCommand, option: string, known: string[], add: Add): void {
  const value = options.get(option);
  if (value !== undefined && !known.includes(value))
    add(
      `--${option}`,
      `must be one of ${known.join(', ')}`,
      didYouMean(value, known, 'use one of them'),
      value,
    );
}

function exactlyOne({ options }: ReadCommand, known: string[], add: Add): void {
  const given = known.filter((option) => options.has(option));
  if (given.length === 1) return;
  add(
    '',
    given.length === 0
      ? `says none of --${known.join(', --')}`
      : `--${given.join(' and --')} exclude each other`,
    'give exactly one',
  );
}

function source({ options }: ReadCommand, known: string[], add: Add, optional = false): void {
  const given = known.filter((option) => options.has(option));
  if (given.length > 1) add('', `--${given.join(' and --')} exclude each other`, 'keep one');
  if (given.length === 0 && !optional) add('', `needs --${known.join(' or --')}`, 'add it');
  for (const option of [...given, 'proxy']) {
    const value = options.get(option);
    if (value !== undefined && value !== '' && !/^(https?|ftp|file|nfs|hd|media):\S+$/.test(value))
      add(`--${option}`, 'is not a URL', 'give one such as https://mirror.example/os', value);
  }
}

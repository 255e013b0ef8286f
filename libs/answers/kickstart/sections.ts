import type { Fault } from '#protocol';
import { didYouMean, shown } from '../fault.js';
import { has, PACKAGE_OPTIONS, SECTIONS } from './commands.js';
import type { Section } from './parse.js';
import type { Release } from './release-names.js';

const PACKAGE = /^[A-Za-z0-9*?[\]][\w.+*?[\]:~-]*$/;
const GROUP = /^@\^?[\w][\w .+/:-]*( --(nodefaults|optional))?$/;

/** Headers of sections, and what stands in `%packages`. */
export function sectionFaults(
  section: Section,
  release: Release | null,
  faults: Fault[],
  notes: Fault[],
): void {
  const known = SECTIONS.get(section.name);
  if (!known) return;
  const { name, words, line } = section;
  for (let index = 0; index < words.length; index += 1) {
    const [, option = '', given] = /^--([^=]+)(?:=([\s\S]*))?$/.exec(words[index] ?? '') ?? [];
    const path = option === '' ? name : `${name} --${option}`;
    const takesValue = known.includes(`${option}=`);
    if (!takesValue && !known.includes(option)) {
      faults.push({
        path,
        value: shown(words[index]),
        message: `is an unknown option of ${name}`,
        remedy: didYouMean(
          words[index] ?? '',
          known.map((other) => `--${other.replace('=', '')}`),
          'remove it',
        ),
        line,
      });
      continue;
    }
    if (name === '%packages' && !has(PACKAGE_OPTIONS.get(option)?.releases ?? null, release))
      faults.push({ path, message: `is no option of %packages in ${release}`, remedy: 'remove it', line });
    if (takesValue && given === undefined) {
      index += 1;
      if (words[index] === undefined || words[index]?.startsWith('--'))
        faults.push({ path, message: 'has no value', remedy: `write --${option}=VALUE`, line });
    }
    if (option === 'erroronfail')
      notes.push({
        path,
        message: 'ends the installation when the script fails',
        remedy: 'leave it out where the installation should go on',
        line,
      });
    if (option === 'interpreter' && given !== undefined && !given.startsWith('/'))
      faults.push({
        path,
        value: shown(given),
        message: 'is not an absolute path',
        remedy: 'give one such as /bin/bash',
        line,
      });
  }
  if (name === '%packages') packageFaults(section, faults);
}

function packageFaults({ body, words }: Section, faults: Fault[]): void {
  const wanted = new Map<string, number>();
  const excluded = new Map<string, number>();
  let environment = 0;
  for (const { text, line } of body) {
    const entry = text.replace(/#.*$/, '').trim();
    if (entry === '' || entry.startsWith('%include')) continue;
    const add = (message: string, remedy: string): void => {
      faults.push({ path: '%packages', value: shown(entry), message, remedy, line });
    };
    const off = entry.startsWith('-');
    const name = off ? entry.slice(1) : entry;
    if (name.startsWith('-')) add('is an option, not a package', 'put options behind %packages, on its line');
    else if (name.startsWith('@') ? !GROUP.test(name) : !PACKAGE.test(name))
      add(
        /\s/.test(name) ? 'is more than one package on a line' : 'is not the name of a package or group',
        'write one name on each line',
      );
    const own = off ? excluded : wanted;
    const other = off ? wanted : excluded;
    if (other.has(name)) add(`is both wanted and excluded (line ${other.get(name)})`, 'keep one of the two');
    own.set(name, line);
    if (name === '@core' && !off && words.includes('--nocore'))
      add('contradicts --nocore', 'keep one of the two');
    if (!off && name.startsWith('@^')) {
      if (environment > 0)
        add(`is a second environment: only one is installed (line ${environment})`, 'keep one');
      environment = line;
    }
  }
}

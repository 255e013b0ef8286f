import type { Fault } from '#protocol';
import { inFileOrder } from '../fault.js';
import { EXCLUSIVE, SINGLETONS } from './commands.js';
import { readCommand, type ReadCommand } from './options.js';
import { parseKickstart } from './parse.js';
import { partitionFaults } from './partitions.js';
import { guessRelease, type Release } from './release-names.js';
import { sectionFaults } from './sections.js';
import { valueFaults } from './values.js';

export interface KickstartReport {
  /** For which it was checked; null: for what any release knows. */
  release: Release | null;
  faults: Fault[];
  /** What is allowed and worth knowing. */
  notes: Fault[];
}

/** Checks a kickstart for a release, or for the one that it names itself. */
export function checkKickstart(text: string, given: Release | null = null): KickstartReport {
  const release = given ?? guessRelease(text);
  const { commands, sections, includes, faults } = parseKickstart(text);
  const notes: Fault[] = [];
  const read = commands.flatMap((command) => readCommand(command, release, faults, notes) ?? []);
  for (const command of read) faults.push(...valueFaults(command));
  faults.push(...repeated(read), ...partitionFaults(read, includes));
  for (const section of sections) sectionFaults(section, release, faults, notes);
  return { release, faults: inFileOrder(faults), notes: inFileOrder(notes) };
}

/** Commands that stand twice though one silently replaces the other, and those that exclude each other. */
function repeated(commands: ReadCommand[]): Fault[] {
  const faults: Fault[] = [];
  const first = new Map<string, ReadCommand>();
  for (const command of commands) {
    const { name, line, options } = command;
    const group = EXCLUSIVE.find(({ names }) => names.includes(name));
    const key = SINGLETONS.has(name) ? name : group?.what;
    if (key !== undefined) {
      const earlier = first.get(key);
      if (earlier)
        faults.push({
          path: name,
          message:
            earlier.name === name
              ? `stands twice: this one replaces the one on line ${earlier.line}`
              : `is ${group?.what} beside ${earlier.name} on line ${earlier.line}`,
          remedy: 'keep one',
          line,
        });
      else first.set(key, command);
    }
    for (const option of name === 'user' || name === 'group' ? ['name'] : []) {
      const value = `${name} ${options.get(option) ?? ''}`;
      if (first.has(value))
        faults.push({
          path: `${name} --${option}`,
          value: options.get(option) ?? '',
          message: 'stands twice',
          remedy: 'keep one',
          line,
        });
      else first.set(value, command);
    }
  }
  return faults;
}

import type { Fault } from '#protocol';
import { didYouMean, shown } from '../fault.js';
import { SECTIONS } from './commands.js';

export interface Command {
  name: string;
  /** The words after the name, unquoted. */
  words: string[];
  line: number;
}

export interface Section {
  /** With its percent sign. */
  name: string;
  words: string[];
  line: number;
  body: { text: string; line: number }[];
}

export interface Kickstart {
  commands: Command[];
  sections: Section[];
  /** Whether `%include` or `%ksappend` brings in what is not seen here. */
  includes: boolean;
  faults: Fault[];
}

/**
 * Lines of a kickstart as pykickstart reads them: commands outside of sections, each section to its `%end`.
 */
export function parseKickstart(text: string): Kickstart {
  const result: Kickstart = { commands: [], sections: [], includes: false, faults: [] };
  const { faults } = result;
  let open: Section | null = null;
  const leftOpen = (section: Section): void => {
    faults.push({
      path: section.name,
      message: `the section has no %end`,
      remedy: 'put %end on a line of its own after it',
      line: section.line,
    });
  };
  text.split(/\r?\n/).forEach((raw, index) => {
    const line = index + 1;
    const first = raw.trimStart().split(/\s/, 1)[0] ?? '';
    if (open) {
      if (first === '%end') open = null;
      else if (SECTIONS.has(first)) {
        leftOpen(open);
        open = begin(result, raw, line);
      } else open.body.push({ text: raw, line });
    } else if (first === '' || first.startsWith('#')) return;
    else if (first === '%end')
      faults.push({ path: '%end', message: 'ends a section that was not begun', remedy: 'remove it', line });
    else if (first === '%include' || first === '%ksappend') {
      result.includes = true;
      if (raw.trim() === first)
        faults.push({ path: first, message: 'names no file', remedy: 'give a path or URL', line });
    } else if (first.startsWith('%')) open = begin(result, raw, line);
    else result.commands.push(command(raw, line, faults));
  });
  if (open) leftOpen(open);
  return result;
}

function begin(result: Kickstart, raw: string, line: number): Section {
  const { name, words } = command(raw, line, result.faults);
  const section = { name, words, line, body: [] };
  if (SECTIONS.has(name)) result.sections.push(section);
  else
    result.faults.push({
      path: name,
      message: 'is an unknown section',
      remedy: didYouMean(name, [...SECTIONS.keys()], `use one of ${[...SECTIONS.keys()].join(', ')}`),
      line,
    });
  return section;
}

function command(raw: string, line: number, faults: Fault[]): Command {
  const words = splitWords(raw);
  const [name = '', ...rest] = words ?? raw.trim().split(/\s+/);
  if (words === null)
    faults.push({
      path: name,
      value: shown(raw.trim()),
      message: 'a quotation mark is never closed',
      remedy: 'close it on the same line',
      line,
    });
  return { name, words: rest, line };
}

/**
 * Words as Python's shlex splits them, with comments: quotes of both kinds, a backslash outside of single
 * quotes, `#` outside of quotes ends the line. Null when a quotation mark is left open.
 */
export function splitWords(text: string): string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let quote = '';
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] ?? '';
    if (quote !== '') {
      if (character === quote) quote = '';
      else if (character === '\\' && quote === '"' && /["\\]/.test(text[index + 1] ?? ''))
        word += text[(index += 1)] ?? '';
      else word += character;
    } else if (character === '#') break;
    else if (/\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word ??= '';
      if (character === "'" || character === '"') quote = character;
      else if (character === '\\') {
        if (index + 1 >= text.length) return null;
        word += text[(index += 1)] ?? '';
      } else word += character;
    }
  }
  if (quote !== '') return null;
  if (word !== null) words.push(word);
  return words;
}

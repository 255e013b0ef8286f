import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseKickstart, splitWords } from './parse.js';

/** A word as sh and shlex take it. */
const quoted = (word: string): string => `'${word.replaceAll("'", `'"'"'`)}'`;
const hostile = fc.oneof(
  fc.constantFrom(
    `'"\`$(reboot)\${HOME}%d&<>]]>;|#!`,
    '\\',
    '\\\\"',
    '# no comment',
    '%end',
    'ä€🦜\u2028',
    '',
  ),
  fc.string({ unit: 'grapheme' }),
);

describe('words of a line', () => {
  it('come back as they were quoted', () => {
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 6 }), (words) => {
        expect(splitWords(words.map(quoted).join(' '))).toEqual(words);
      }),
    );
  });

  it.each([
    ['a "b c" d', ['a', 'b c', 'd']],
    [`--x="a b" --y='c "d"'`, ['--x=a b', '--y=c "d"']],
    ['a\\ b c', ['a b', 'c']],
    ['"a\\"b" "c\\d"', ['a"b', 'c\\d']],
    ['a # b', ['a']],
    ["a '#' b", ['a', '#', 'b']],
    ['  ', []],
    ['a "b', null],
    ["a 'b", null],
    ['a \\', null],
  ])('are split as shlex splits %j', (line, words) => {
    expect(splitWords(line)).toEqual(words);
  });
});

describe('a kickstart', () => {
  it('has commands outside of sections only, and knows the lines', () => {
    const { commands, sections, faults, includes } = parseKickstart(
      'text\n%pre\nreboot\n# %end\n%end\n\nreboot\n%include x\n',
    );
    expect(commands.map(({ name, line }) => [name, line])).toEqual([
      ['text', 1],
      ['reboot', 7],
    ]);
    expect(sections[0]?.body.map(({ text }) => text)).toEqual(['reboot', '# %end']);
    expect([faults, includes]).toEqual([[], true]);
  });

  it('with a section left open goes on with the next one', () => {
    const { sections, faults } = parseKickstart('%pre\na\n%post\nb\n%end\n%packages\n');
    expect(sections.map(({ name }) => name)).toEqual(['%pre', '%post', '%packages']);
    expect(faults.map(({ path, line }) => [path, line])).toEqual([
      ['%pre', 1],
      ['%packages', 6],
    ]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { matchesWhole, patternFault } from './pattern.js';

describe('patterns', () => {
  it.each([
    ['(?=a)b', 'look-around ((?=)'],
    ['a(?!b)', 'look-around ((?!)'],
    ['(?<=a)b', 'look-around ((?<=)'],
    ['(?<!a)b', 'look-around ((?<!)'],
    ['(a)\\1', 'a back reference (\\1)'],
    ['(?<n>a)\\k<n>', 'a back reference (\\k<)'],
    ['a{1,2000}', 'repeat count'],
  ])('with what takes more than linear time are refused, and the construct named: %s', (pattern, named) => {
    expect(patternFault(pattern)?.message).toContain(named);
    expect(matchesWhole(pattern, 'a')).toBeNull();
  });

  it.each(['\\\\1', '[(?=]', '\\(\\?=', '(?<n>a)', '\\u{1F600}', '\\p{L}+', '(?:a|b)*?'])(
    'that only look like it are taken: %s',
    (pattern) => {
      expect(patternFault(pattern)).toBeNull();
    },
  );

  it.each([
    ['\\d+', '80; id', false],
    ['\\d+', '80', true],
    ['a|ab', 'ab', true],
    ['a', 'a\n', false],
    ['.', '\u{1F600}', true],
    ['[^]', '\n', true],
    ['\\/[a-z]\\u00e9', '/x\u00e9', true],
  ])('match the whole value: %j and %j', (pattern, value, matches) => {
    expect(matchesWhole(pattern, value)).toBe(matches);
  });

  it('that would keep a backtracking engine busy for years have their answer at once', () => {
    expect(matchesWhole('([a-z]+)+', `${'a'.repeat(65_535)}!`)).toBe(false);
    expect(matchesWhole('(a?){64}a{64}', 'a'.repeat(64))).toBe(true);
  });
});

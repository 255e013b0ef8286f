import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { quoteFor } from './quoting.js';

/** What a real shell makes of quoted words: printf gives each back with a NUL behind it. */
function words(shell: string, quoted: string[]): string[] {
  const { stdout, status } = spawnSync(shell, ['-c', `printf '%s\\0' ${quoted.join(' ')}`], {
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  return stdout.split('\0').slice(0, -1);
}

const nasty = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom(
    "'",
    '"',
    '$(id)',
    '`id`',
    '\\',
    '\n',
    '%PATH%',
    '!',
    '~',
    '*',
    ';',
    '&',
    '|',
    ']]>',
    '\u2019',
    '$HOME',
    '-n',
    '',
  ),
);
const value = fc.array(nasty, { maxLength: 6 }).map((parts) => parts.join('').replaceAll('\0', ''));

describe('quoting', () => {
  it.each([
    ['sh', 'SH'],
    ['bash', 'BASH'],
  ] as const)('is one word with the same text to a real %s', (shell, name) => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 40 }), (values) => {
        expect(
          words(
            shell,
            values.map((text) => quoteFor(name, text)),
          ),
        ).toEqual(values);
      }),
      { numRuns: 60 },
    );
  });

  it('leaves no single quote of any kind alone in PowerShell', () => {
    fc.assert(
      fc.property(value, (text) => {
        const inner = quoteFor('POWERSHELL', text).slice(1, -1);
        expect(inner.replace(/(['\u2018\u2019\u201A\u201B])\1/g, '$1')).toBe(text);
        expect(inner.replace(/(['\u2018\u2019\u201A\u201B])\1/g, '')).not.toMatch(
          /['\u2018\u2019\u201A\u201B]/,
        );
      }),
    );
  });

  it('refuses NUL everywhere', () => {
    for (const shell of ['SH', 'BASH', 'POWERSHELL', 'CMD'] as const)
      expect(() => quoteFor(shell, 'a\0b')).toThrow('NUL');
  });
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { seal, unseal } from './seal.js';

const KEY = 'a1'.repeat(32);
const CONTEXT = 'input:7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d:password';

describe('a sealed secret', () => {
  it('opens with its key and context to what it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (plain) => {
        expect(unseal(KEY, CONTEXT, seal(KEY, CONTEXT, plain))).toBe(plain);
      }),
    );
  });

  it('never looks the same twice, and never shows the secret', () => {
    const [one, two] = [seal(KEY, CONTEXT, 'hunter2-hunter2'), seal(KEY, CONTEXT, 'hunter2-hunter2')];
    expect(one).not.toBe(two);
    expect(Buffer.from(one.slice(3), 'base64url').includes('hunter2')).toBe(false);
  });

  it.each([
    ['another key', (text: string) => unseal('b2'.repeat(32), CONTEXT, text)],
    [
      'another input',
      (text: string) => unseal(KEY, 'input:7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d:other', text),
    ],
    [
      'a changed bit',
      (text: string) => unseal(KEY, CONTEXT, text.slice(0, -2) + (text.endsWith('A') ? 'BB' : 'AA')),
    ],
    ['a piece of it', (text: string) => unseal(KEY, CONTEXT, text.slice(0, 20))],
    ['nothing', () => unseal(KEY, CONTEXT, '')],
  ])('does not open with %s', (_name, open) => {
    expect(() => open(seal(KEY, CONTEXT, 'hunter2'))).toThrow();
  });

  it('does not open by the beginning of its tag, which is soon guessed', () => {
    const bytes = Buffer.from(seal(KEY, CONTEXT, '').slice(3), 'base64url');
    for (let length = 0; length < bytes.length; length += 1)
      expect(() => unseal(KEY, CONTEXT, `v1.${bytes.subarray(0, length).toString('base64url')}`)).toThrow();
  });
});

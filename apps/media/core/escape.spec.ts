import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isUnreachableFromGuests } from './app-host.js';
import { isKickstartText, ksWord, qemuValue, shWord, xmlText } from './escape.js';

describe('a value enters', () => {
  it('a shell as one word in single quotes, with no quote of its own left open', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        if (text.includes('\0')) return void expect(() => shWord(text)).toThrow('NUL');
        // Read back as a shell reads it: quotes toggle, a backslash outside of them takes the next character.
        const word = shWord(text);
        let read = '';
        let quoted = false;
        for (let index = 0; index < word.length; index += 1) {
          const character = word[index] ?? '';
          if (character === "'") quoted = !quoted;
          else if (!quoted && character === '\\') read += word[(index += 1)] ?? '';
          else {
            expect(quoted).toBe(true);
            read += character;
          }
        }
        expect(quoted).toBe(false);
        expect(read).toBe(text);
      }),
    );
  });

  it('a kickstart as one word on one line, or not at all', () => {
    // Python's str.splitlines, by which pykickstart cuts lines (its documentation lists them).
    const ends = /[\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029\0]/;
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({
        unit: fc.constantFrom("'", '\\', '"', '$', '#', '%', ' ', '\u2028', '\x85', '\ud800', 'a'),
      }),
    );
    fc.assert(
      fc.property(text, (value) => {
        const carried = !ends.test(value) && !/\p{Cs}/u.test(value);
        expect(isKickstartText(value)).toBe(carried);
        if (!carried) return void expect(() => ksWord(value)).toThrow('kickstart');
        // As shlex reads it: what a shell reads.
        expect(ksWord(value)).toBe(shWord(value));
      }),
      { numRuns: 1000 },
    );
  });

  it('an option list of QEMU with its commas doubled', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(qemuValue(text).replaceAll(',,', '\u0000').includes(',')).toBe(false);
        expect(qemuValue(text).replaceAll(',,', ',')).toBe(text);
      }),
    );
  });

  it('XML without a character that ends text or attribute, or not at all', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        if (/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/.test(text))
          return void expect(() => xmlText(text)).toThrow();
        const written = xmlText(text);
        expect(written).not.toMatch(/[<>"'\n\r\t]/);
        expect(written.replace(/&#(\d+);/g, (_all, code: string) => String.fromCharCode(Number(code)))).toBe(
          text,
        );
      }),
    );
  });
});

describe('an APP_HOST that no guest can reach', () => {
  it.each([
    ...['localhost', 'LOCALHOST', 'app.localhost', '127.0.0.1', '127.8.9.1', '0.0.0.0', '0'],
    ...['::1', '[::1]', '::', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', '::ffff:7f00:1'],
  ])('%s', (host) => {
    expect(isUnreachableFromGuests(host)).toBe(true);
  });
  it.each(['10.0.2.2', 'suite.example', '192.0.2.1', '2001:db8::1', 'localhost.example', '127.example'])(
    'is not %s',
    (host) => {
      expect(isUnreachableFromGuests(host)).toBe(false);
    },
  );
});

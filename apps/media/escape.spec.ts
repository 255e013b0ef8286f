import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isUnreachableFromGuests } from './app-host.js';
import {
  grubWord,
  isKickstartText,
  jsonAscii,
  ksWord,
  labelArgument,
  qemuValue,
  shWord,
  vbsString,
  xmlAscii,
  xmlText,
} from './escape.js';

const hostileLabel = fc
  .array(fc.constantFrom(...` '"$;\\{}#&|<>()*?%=:aZ0-_./x2é`), { maxLength: 32 })
  .map((characters) => characters.join(''));

/**
 * As GRUB's lexer reads: words at blanks, single quotes literal, a backslash outside of quotes takes the next
 * character.
 */
function readGrub(line: string): { words: string[]; open: boolean } {
  const words: string[] = [];
  let word: string | null = null;
  let quoted = false;
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at] ?? '';
    if (character === "'") {
      quoted = !quoted;
      word ??= '';
    } else if (quoted) word = (word ?? '') + character;
    else if (character === '\\') word = (word ?? '') + (line[(at += 1)] ?? '');
    else if (character === ' ') {
      if (word !== null) words.push(word);
      word = null;
    } else throw new Error(`${character} stands outside of quotes`);
  }
  if (word !== null) words.push(word);
  return { words, open: quoted };
}

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

  it('a GRUB script as one word, or not at all', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), hostileLabel), (text) => {
        if (/\p{Cc}/u.test(text)) return void expect(() => grubWord(text)).toThrow('control characters');
        const { words, open } = readGrub(`${grubWord(text)} ${grubWord('next')}`);
        expect(open).toBe(false);
        expect(words).toEqual([text, 'next']);
      }),
    );
  });

  it('a kernel argument as a label in udev’s spelling, which has nothing in it that ends or begins something', () => {
    fc.assert(
      fc.property(hostileLabel, (text) => {
        if (text.includes(':')) return void expect(() => labelArgument(text)).toThrow('colon');
        const written = labelArgument(text);
        expect(written).not.toMatch(/[\s"'$;`&|<>()*?/:]/);
        expect(
          written.replace(/\\x([0-9a-f]{2})/g, (_all, code: string) =>
            String.fromCharCode(Number.parseInt(code, 16)),
          ),
        ).toBe(text);
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

describe('a value enters, in plain ASCII,', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string());

  it('XML with references for all else, or not at all', () => {
    fc.assert(
      fc.property(text, (value) => {
        if (/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|\p{Cs}/u.test(value))
          return void expect(() => xmlAscii(value)).toThrow('XML cannot carry');
        const written = xmlAscii(value);
        expect(written).toMatch(/^[ -~]*$/);
        expect(written).not.toMatch(/[<>"']/);
        expect(written.replace(/&#(\d+);/g, (_all, code: string) => String.fromCodePoint(Number(code)))).toBe(
          value,
        );
      }),
    );
    expect(() => xmlAscii('\ud800')).toThrow('surrogate');
  });

  it('JSON', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(jsonAscii({ value })).toMatch(/^[\n -~]*$/);
        expect(JSON.parse(jsonAscii({ value }))).toEqual({ value });
      }),
    );
  });

  it('VBScript as literals and ChrW', () => {
    fc.assert(
      fc.property(text, (value) => {
        const written = vbsString(value);
        expect(written).toMatch(
          /^("([ !#-~]|"")*"|ChrW\(&H[0-9a-f]{1,4}\))( & ("([ !#-~]|"")*"|ChrW\(&H[0-9a-f]{1,4}\)))*$/,
        );
        let read = '';
        for (const [, literal, code] of written.matchAll(/"((?:[^"]|"")*)"|ChrW\(&H([0-9a-f]+)\)/g))
          read +=
            code === undefined
              ? (literal ?? '').replaceAll('""', '"')
              : String.fromCharCode(parseInt(code, 16));
        expect(read).toBe(value);
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

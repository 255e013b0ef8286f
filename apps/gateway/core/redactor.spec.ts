import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Redactor } from './redactor.js';

const SECRET = `s3cr'et "pässword" $1`;

/** What a follower sees of a stream that arrives in pieces. */
function stream(secrets: string[], bytes: Buffer, sizes: number[]): Buffer {
  const redactor = new Redactor(secrets);
  const shown: Buffer[] = [];
  for (let at = 0, step = 0; at < bytes.length; step += 1) {
    const end = at + (sizes[step % sizes.length] ?? 1);
    shown.push(redactor.push(bytes.subarray(at, end)));
    at = end;
  }
  return Buffer.concat([...shown, redactor.flush()]);
}

const MASK = '*'.charCodeAt(0);

/** Every occurrence of every secret, overlapping ones too, crossed out: the slow way. */
function unionOf(secrets: string[], bytes: Buffer): Buffer {
  const painted = Buffer.from(bytes);
  for (const secret of secrets)
    for (let at = bytes.indexOf(secret); at >= 0; at = bytes.indexOf(secret, at + 1))
      painted.fill(MASK, at, at + Buffer.byteLength(secret));
  return painted;
}

const twoLetters = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom('a', 'b'), minLength, maxLength });
/** Whatever somebody may take for a password: no space at its ends, which a form may leave out. */
const password = fc
  .string({
    unit: fc.oneof(fc.string({ unit: 'grapheme-ascii', minLength: 1 }), fc.constantFrom(...`ä€😀'"\\$ %+/~`)),
    minLength: 4,
    maxLength: 24,
  })
  .filter((value) => value.trim() === value && value.length >= 4);
const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 });

describe('secrets in an output', () => {
  it('are crossed out however the stream is cut, and nothing else is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constant(SECRET), fc.constant(SECRET.slice(0, 9))), {
          minLength: 1,
        }),
        fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 }),
        (parts, sizes) => {
          const text = parts.join(' ');
          const bytes = Buffer.from(text);
          const shown = stream([SECRET], bytes, sizes);
          const expected = text.replaceAll(SECRET, (found) => '*'.repeat(Buffer.byteLength(found)));
          expect(shown.toString()).toBe(expected);
          expect(shown.length).toBe(bytes.length);
        },
      ),
    );
  });

  it.each([
    ['as a shell traces it', `+ login 's3cr'\\''et "pässword" $1'`],
    ['in JSON', JSON.stringify({ p: SECRET })],
    ['in a URL', `https://x/?p=${encodeURIComponent(SECRET)}`],
    ['in base64', Buffer.from(SECRET).toString('base64')],
  ])('are crossed out %s', (_form, text) => {
    const shown = new Redactor([SECRET]).text(text);
    expect(shown).toMatch(/\*{8,}/);
    for (const part of ['3cr', 'ssword', 'czNjc']) expect(shown).not.toContain(part);
  });

  it('are crossed out where the middle of an output was cut out of one', () => {
    const secret = 'correct-horse-battery';
    const shown = new Redactor([secret]).text(`begin correct-hor\n… 900 bytes cut …\nbattery end`);
    expect(shown).toBe(`begin ***********\n… 900 bytes cut …\n******* end`);
  });

  it('that are part of one another are crossed out whole', () => {
    expect(new Redactor(['horse', 'horse-battery']).text('a horse-battery')).toBe(`a ${'*'.repeat(13)}`);
  });

  it('that overlap or repeat are crossed out as a union, also when a longer one comes in the next piece', () => {
    fc.assert(
      fc.property(
        fc.array(twoLetters(4, 9), { minLength: 1, maxLength: 4 }),
        twoLetters(0, 60),
        sizes,
        (secrets, text, pieces) => {
          const bytes = Buffer.from(text);
          const expected = unionOf(secrets, bytes).toString();
          expect(new Redactor(secrets).text(text)).toBe(expected);
          expect(stream(secrets, bytes, pieces).toString()).toBe(expected);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('are shown by no shorter one that was found first', () => {
    const redactor = new Redactor(['horse', 'horse-battery']);
    expect(redactor.push(Buffer.from('a horse')).toString()).toBe('a ');
    expect(redactor.push(Buffer.from('-batt')).toString()).toBe('');
    expect(redactor.push(Buffer.from('ery!')).toString()).toBe(`${'*'.repeat(13)}!`);
    expect(redactor.push(Buffer.from('a horse')).toString()).toBe('a ');
    expect(redactor.push(Buffer.from('-shoe')).toString()).toBe('*****-shoe');
  });

  it('that are shorter than four characters are left, and no secret costs nothing', () => {
    expect(new Redactor(['abc']).text('abcabc')).toBe('abcabc');
    const piece = Buffer.from('x');
    expect(new Redactor([]).push(piece)).toBe(piece);
  });

  it('are not waited for longer than they can be', () => {
    const redactor = new Redactor(['correct-horse']);
    expect(redactor.push(Buffer.from('a line\n')).toString()).toBe('a line\n');
    expect(redactor.push(Buffer.from('the cor')).toString()).toBe('the ');
    expect(redactor.pending).toBe(3);
    expect(redactor.push(Buffer.from('e')).toString()).toBe('core');
  });
});

/** What a program makes of each character; independent of the product's own way to write it. */
const WRITERS: Record<string, (value: string) => string> = {
  'as they are': (value) => value,
  'in single quotes': (value) => value.split("'").join("'\\''"),
  'in PowerShell': (value) => value.split("'").join("''"),
  'in JSON': (value) => JSON.stringify(value).slice(1, -1),
  'in JSON of ASCII': (value) =>
    JSON.stringify(value)
      .slice(1, -1)
      .replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  'in a URL': encodeURIComponent,
  'in a URL, lower case': (value) => encodeURIComponent(value).replace(/%../g, (code) => code.toLowerCase()),
  'in a form': (value) => new URLSearchParams({ '': value }).toString().slice(1),
};
const ENCODINGS = ['base64', 'base64url'] as const;

describe('secrets in other words', () => {
  it.each(Object.entries(WRITERS))('are crossed out %s, in whatever pieces they come', (_name, write) => {
    fc.assert(
      fc.property(password, sizes, (secret, pieces) => {
        const [before, written, behind] = ['\n<', write(secret), '>\n'];
        const shown = stream([secret], Buffer.from(before + written + behind), pieces).toString();
        expect(shown).toBe(`${before}${'*'.repeat(Buffer.byteLength(written))}${behind}`);
      }),
    );
  });

  it.each(ENCODINGS)('are crossed out in %s, whatever stands beside them', (encoding) => {
    fc.assert(
      fc.property(
        password,
        fc.uint8Array({ maxLength: 4 }),
        fc.uint8Array({ maxLength: 4 }),
        sizes,
        (secret, before, behind, pieces) => {
          const value = Buffer.from(secret);
          const written = Buffer.concat([before, value, behind]).toString(encoding);
          // Each character has six bits; those that have one of the secret's may not be seen.
          const [first, last] = [8 * before.length, 8 * (before.length + value.length)].map(
            (bit) => bit / 6,
          ) as [number, number];
          const expected = Array.from(written, (character, at) =>
            at + 1 > first && at < last ? '*' : character,
          ).join('');
          expect(stream([secret], Buffer.from(`${written}\n`), pieces).toString()).toBe(`${expected}\n`);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('are crossed out in base64 that is wrapped, and its lines stay lines', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 8, maxLength: 200 }),
        fc.constantFrom(4, 64, 76),
        fc.constantFrom('\n', '\r\n'),
        sizes,
        (text, width, end, pieces) => {
          const secret = `<${text}>`;
          const lines =
            Buffer.from(secret)
              .toString('base64')
              .replace(/=+$/, '')
              .match(new RegExp(`.{1,${width}}`, 'g')) ?? [];
          const shown = stream([secret], Buffer.from(lines.join(end)), pieces).toString();
          expect(shown).toBe(lines.map((line) => '*'.repeat(line.length)).join(end));
        },
      ),
    );
  });

  it('of several lines are crossed out line by line', () => {
    const key = '-----BEGIN KEY-----\r\nAbCdEf123456\r\n  indented\r\nend\r\n-----END KEY-----\r\n';
    const shown = new Redactor([key]).text('1: AbCdEf123456;\n2: indented;\n3: end; -----END KEY-----');
    expect(shown).toBe(`1: ${'*'.repeat(12)};\n2: ${'*'.repeat(8)};\n3: end; ${'*'.repeat(17)}`);
    const inBase64 = Buffer.from('AbCdEf123456').toString('base64');
    expect(new Redactor([key]).text(inBase64)).toBe('*'.repeat(inBase64.length));
    expect(new Redactor(['ab\n   \t    \ncd']).text('if x:\n        y')).toBe('if x:\n        y');
  });
});

const SHOWN = /[^*]/;

describe('a secret that is cut in two', () => {
  const secret = 'pässwörd-of-€-many-wörds';
  const value = Buffer.from(secret);
  const lossy = (bytes: Buffer): string => bytes.toString('utf8');

  it('by a gap in the stream shows neither of its halves', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: value.length - 1 }),
        fc.integer({ min: 1, max: value.length - 1 }),
        sizes,
        (from, to, pieces) => {
          const redactor = new Redactor([secret]);
          const take = (bytes: Buffer): Buffer =>
            Buffer.concat(
              Array.from({ length: bytes.length }, (_, at) => at)
                .filter((at) => at % (pieces[0] ?? 1) === 0)
                .map((at) => redactor.push(bytes.subarray(at, at + (pieces[0] ?? 1)))),
            );
          const head = Buffer.concat([
            take(Buffer.concat([Buffer.from('head '), value.subarray(0, from)])),
            redactor.gap(),
          ]);
          expect(head.toString()).toBe(`head ${'*'.repeat(from)}`);
          const rest = Buffer.concat([value.subarray(to), Buffer.from(` tail ${secret}`)]);
          const tail = Buffer.concat([take(rest), redactor.flush()]);
          expect(tail.toString()).toBe(`${'*'.repeat(value.length - to)} tail ${'*'.repeat(value.length)}`);
        },
      ),
    );
  });

  it('by an agent shows neither of its halves, whatever marks the script has printed', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: value.length - 1 }),
        fc.integer({ min: 1, max: value.length - 1 }),
        fc.array(
          fc.constantFrom('x', 'ä', '\n', '\n… 30 bytes cut …\n', '\n… 40 bytes cut …\n… 40 bytes cut …\n'),
          { maxLength: 6 },
        ),
        fc.array(fc.constantFrom('y', '\u0000', '\n… 7 bytes cut …\n', '\n… 40 bytes cut …\n'), {
          maxLength: 6,
        }),
        fc.boolean(),
        (from, to, before, behind, counted) => {
          const head = Buffer.concat([Buffer.from(before.join('')), value.subarray(0, from)]);
          const tail = Buffer.concat([value.subarray(to), Buffer.from(behind.join(''))]);
          const cut = 40;
          // As infiniservice/src/run/capture.rs joins them.
          const ends = [head, tail].map((end) => lossy(end).replaceAll('\0', '\uFFFD')) as [string, string];
          const text = `${ends[0]}\n… ${cut} bytes cut …\n${ends[1]}`;
          const shown = new Redactor([secret]).text(
            text,
            counted ? head.length + cut + tail.length : undefined,
          );
          const [a, b] = [lossy(value.subarray(0, from)), lossy(value.subarray(to))].map((half) =>
            Buffer.byteLength(half),
          ) as [number, number];
          const bytes = Buffer.from(shown);
          const mark = Buffer.byteLength(ends[0]);
          expect(bytes.subarray(mark - a, mark).toString()).not.toMatch(SHOWN);
          const behindMark = mark + Buffer.byteLength(`\n… ${cut} bytes cut …\n`);
          expect(bytes.subarray(behindMark, behindMark + b).toString()).not.toMatch(SHOWN);
          expect(bytes.length).toBe(Buffer.byteLength(text));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is no secret where only a script says so', () => {
    const text = 'cor\n… 12 bytes cut …\nrect';
    expect(new Redactor(['correct']).text(text, Buffer.byteLength(text))).toBe(text);
  });
});

describe('the time that it takes', () => {
  /** CPU time of this process, the least of three tries. */
  const costOf = (work: () => void): number =>
    Math.min(
      ...[1, 2, 3].map(() => {
        const before = process.cpuUsage();
        work();
        const { user, system } = process.cpuUsage(before);
        return user + system;
      }),
    );

  it.each([
    ['a text that is all secrets', 'a'.repeat(2000), 'a'],
    ['base64 of it, a character a line', 'a'.repeat(2000), 'Y\nW\nF\nh\n'],
    ['beginnings that come to nothing', `${'ab'.repeat(1000)}c`, 'ab'],
    ['marks', 'correct-horse', '\n… 5 bytes cut …'],
  ])('grows as the text does, for %s', (_what, secret, part) => {
    const redactor = new Redactor([secret]);
    const once = part.repeat(Math.ceil(60_000 / part.length));
    const text = (times: number) => () => void redactor.text(once.repeat(times));
    text(1)();
    expect(costOf(text(8)) / costOf(text(1))).toBeLessThan(20);
  });
});

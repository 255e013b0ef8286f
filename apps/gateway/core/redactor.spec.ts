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

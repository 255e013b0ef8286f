import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { boundText, StreamTail } from './output.js';

const LIMITS = { head: 10, tail: 10 };

describe('the head and tail of a stream', () => {
  it('are the same however it was cut and repeated', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
        fc.array(fc.nat(40), { minLength: 1 }),
        (bytes, sizes, backs) => {
          const whole = Buffer.from(bytes);
          const once = new StreamTail(LIMITS);
          once.push(0, whole);
          const pieces = new StreamTail(LIMITS);
          const fresh: Buffer[] = [];
          for (let at = 0, step = 0; at < whole.length; step += 1) {
            // Each piece begins some way back in what was sent already.
            const from = Math.max(0, at - (backs[step % backs.length] ?? 0));
            const end = Math.min(whole.length, at + (sizes[step % sizes.length] ?? 1));
            fresh.push(pieces.push(from, whole.subarray(from, end)) ?? Buffer.alloc(0));
            at = end;
          }
          expect(pieces.text()).toBe(once.text());
          expect(Buffer.concat(fresh)).toEqual(whole);
        },
      ),
    );
  });

  it('say how much was cut between them', () => {
    const stream = new StreamTail(LIMITS);
    stream.push(0, Buffer.from('0123456789'));
    expect(stream.truncated).toBe(false);
    stream.push(10, Buffer.from('abcdefghijklmnopqrstuvwxyz'));
    expect(stream.text()).toBe('0123456789\n… 16 bytes cut …\nqrstuvwxyz');
    expect(stream.truncated).toBe(true);
  });

  it('count a gap as cut and keep what follows it', () => {
    const stream = new StreamTail(LIMITS);
    stream.push(0, Buffer.from('abc'));
    stream.push(100, Buffer.from('xyz'));
    expect(stream.text()).toBe('abc\n… 97 bytes cut …\nxyz');
  });

  it('hold no more than their limits', () => {
    const stream = new StreamTail(LIMITS);
    for (let at = 0; at < 100_000; at += 100) stream.push(at, Buffer.alloc(100, 'x'));
    expect(Buffer.byteLength(stream.text())).toBeLessThan(60);
    expect(stream.text()).toContain('99980 bytes cut');
  });
});

describe('a whole text', () => {
  it('stays as it is while it fits, and keeps both ends when it does not', () => {
    expect(boundText('short', LIMITS)).toEqual({ text: 'short', bytes: 5, truncated: false });
    const long = boundText(`BEGIN${'x'.repeat(500)}END`, LIMITS);
    expect(long).toMatchObject({ bytes: 508, truncated: true });
    expect(long.text).toMatch(/^BEGIN.*END$/s);
  });
});

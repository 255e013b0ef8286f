import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type DecodedLine, LineDecoder } from './line-decoder.js';

const texts = (lines: DecodedLine[]): string[] =>
  lines.map((line) => (line.kind === 'line' ? line.text : `oversized ${line.bytes}`));

function cut(stream: Buffer, sizes: number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, index = 0; at < stream.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    chunks.push(stream.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

describe('LineDecoder', () => {
  it('gives the same lines however the stream is cut, also inside a character', () => {
    const line = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .map((text) => `x${text.replace(/[\n\r]/g, ' ')}x`);
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 1 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        (lines, sizes) => {
          const decoder = new LineDecoder();
          const stream = Buffer.from(lines.map((text) => `${text}\n`).join(''));
          expect(cut(stream, sizes).flatMap((chunk) => texts(decoder.push(chunk)))).toEqual(lines);
        },
      ),
    );
  });

  it('skips a line over the limit, reports its length, and goes on', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 101, max: 5000 }),
        fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }),
        (length, sizes) => {
          const decoder = new LineDecoder(100);
          const stream = Buffer.from(`before\n${'x'.repeat(length)}\nafter\n`);
          expect(cut(stream, sizes).flatMap((chunk) => texts(decoder.push(chunk)))).toEqual([
            'before',
            `oversized ${length}`,
            'after',
          ]);
        },
      ),
    );
  });

  it('keeps head and tail of what it skips', () => {
    const decoder = new LineDecoder(10_000);
    decoder.push(Buffer.from(`HEAD${'x'.repeat(20_000)}`));
    const [line] = decoder.push(Buffer.from(`${'y'.repeat(9000)}TAIL\n`));
    expect(line).toMatchObject({
      kind: 'oversized',
      head: expect.stringMatching(/^HEADx/),
      tail: expect.stringMatching(/yTAIL$/),
    });
  });

  it('takes a line of exactly the limit', () => {
    expect(texts(new LineDecoder(5).push(Buffer.from('12345\n')))).toEqual(['12345']);
  });

  it('holds no more than the limit of a line that never ends', () => {
    const decoder = new LineDecoder(1000);
    for (let index = 0; index < 100; index += 1) decoder.push(Buffer.alloc(999, 'x'));
    expect(decoder.pendingBytes).toBeLessThanOrEqual(1000);
  });

  it('forgets the half line of another boot', () => {
    const decoder = new LineDecoder();
    decoder.push(Buffer.from('{"half":'));
    decoder.reset();
    expect(texts(decoder.push(Buffer.from('whole\n')))).toEqual(['whole']);
  });
});

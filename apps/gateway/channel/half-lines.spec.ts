import { describe, expect, it } from '@jest/globals';
import { LineDecoder } from '#protocol';
import { HalfLines } from './half-lines.js';

const KIB = 1024;

describe('half lines of all machines', () => {
  const decoderOf = (halfLines: HalfLines): LineDecoder => {
    const decoder: LineDecoder = new LineDecoder(64 * KIB, (bytes) => halfLines.set(decoder, bytes));
    return decoder;
  };

  it('take no more than one sum, however many machines begin one', () => {
    const halfLines = new HalfLines(256 * KIB);
    const decoders = Array.from({ length: 50 }, () => decoderOf(halfLines));
    for (let piece = 0; piece < 50; piece += 1)
      for (const decoder of decoders) {
        decoder.push(Buffer.alloc(KIB, 'x'));
        expect(halfLines.bytes).toBeLessThanOrEqual(256 * KIB);
      }
    for (const decoder of decoders) decoder.reset();
    expect(halfLines.bytes).toBe(0);
  });

  it('lose the longest first, of which both ends and the length are kept; short ones come through', () => {
    const halfLines = new HalfLines(160 * KIB);
    const short = decoderOf(halfLines);
    short.push(Buffer.from('{"type":"keep_'));
    const long = Array.from({ length: 5 }, () => decoderOf(halfLines));
    for (const decoder of long) decoder.push(Buffer.from(`{"id":7,${'x'.repeat(40 * KIB)}`));
    const ended = long.map((decoder) => decoder.push(Buffer.from('"exit":3}\n'))[0]);
    expect(ended.map((line) => line?.kind).sort()).toEqual([
      'line',
      'line',
      'line',
      'oversized',
      'oversized',
    ]);
    const skipped = ended.find((line) => line?.kind === 'oversized');
    expect(skipped).toMatchObject({
      bytes: 40 * KIB + 17,
      head: expect.stringMatching(/^\{"id":7,/),
      tail: expect.stringMatching(/"exit":3\}$/),
    });
    expect(short.push(Buffer.from('alive"}\n'))).toMatchObject([
      { kind: 'line', text: '{"type":"keep_alive"}' },
    ]);
    expect(halfLines.bytes).toBe(0);
  });
});

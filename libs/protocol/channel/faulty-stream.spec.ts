import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LineDecoder } from './line-decoder.js';
import { CHANNEL_LIMITS } from './limits.js';
import { parseGuestLine } from './parse.js';

/** `npm run test:fuzz` sets it. */
const CASES = Number(process.env['FUZZ_CASES'] ?? 3000);

const folder = join(import.meta.dirname, '../fixtures/to-host');
/** What guests say, as one agent's stream would hold it: one message a line. */
const RECORDED = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.stringify(JSON.parse(readFileSync(join(folder, name), 'utf8'))));

const FAULTS = ['cut', 'drop', 'repeat', 'insert'] as const;

/** One fault at one place of the stream. */
function spoil(stream: Buffer, fault: (typeof FAULTS)[number], at: number, junk: Uint8Array): Buffer {
  const place = Math.floor(at * stream.length);
  const [before, after] = [stream.subarray(0, place), stream.subarray(place)];
  switch (fault) {
    case 'insert':
      return Buffer.concat([before, junk, after]);
    case 'repeat':
      return Buffer.concat([before, before.subarray(-junk.length), after]);
    case 'drop':
      return Buffer.concat([before, after.subarray(1)]);
    case 'cut': {
      // A connection ends in mid-line; the next one begins with a whole line.
      const next = after.indexOf(10);
      return Buffer.concat([before, after.subarray(next < 0 ? after.length : next)]);
    }
  }
}

function decode(stream: Buffer, piece: number): string[] {
  const decoder = new LineDecoder();
  const messages: string[] = [];
  for (let at = 0; at < stream.length; at += piece) {
    for (const line of decoder.push(stream.subarray(at, at + piece))) {
      if (line.kind !== 'line') continue;
      const parsed = parseGuestLine(line.text);
      if (parsed.kind === 'message') messages.push(JSON.stringify(parsed.message));
    }
    if (decoder.pendingBytes > CHANNEL_LIMITS.lineFromGuest)
      throw new Error('more is held than a line may have');
  }
  return messages;
}

/** Lines of the stream that did not come out as they were. */
function lost(said: string[], heard: string[]): number {
  const left = [...heard];
  return said.filter((message) => {
    const at = left.indexOf(message);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  }).length;
}

describe('a stream from a guest', () => {
  it(`loses at most one line for each fault in it (${CASES} cases)`, () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...RECORDED), { minLength: 2, maxLength: 6 }),
        fc.array(
          fc.record({
            fault: fc.constantFrom(...FAULTS),
            at: fc.double({ min: 0, max: 1, noNaN: true }),
            junk: fc.uint8Array({ minLength: 1, maxLength: 40 }),
          }),
          { minLength: 1, maxLength: 3 },
        ),
        fc.integer({ min: 1, max: 5000 }),
        (lines, faults, piece) => {
          const clean = Buffer.from(`\n${lines.map((line) => `${line}\n`).join('')}`);
          const said = decode(clean, clean.length);
          let stream: Buffer = clean;
          let breaks = 0;
          for (const { fault, at, junk } of faults) {
            stream = spoil(stream, fault, at, junk);
            breaks += 1;
          }
          expect(said).toHaveLength(lines.length);
          expect(lost(said, decode(stream, piece))).toBeLessThanOrEqual(breaks);
        },
      ),
      { numRuns: CASES },
    );
  });
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ifNoneMatchHolds, ifRangeHolds, parseRange } from './conditional.js';

describe('a range', () => {
  it.each([
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=2-', { start: 2, end: 9 }],
    ['bytes=2-5', { start: 2, end: 5 }],
    ['bytes=2-99999999999999999999', { start: 2, end: 9 }],
    ['bytes=-3', { start: 7, end: 9 }],
    ['bytes=-30', { start: 0, end: 9 }],
    [' bytes=9-9 ', { start: 9, end: 9 }],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=99999999999999999999-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    // Not understood, or more than we answer: the whole, as RFC 9110 allows.
    [undefined, 'whole'],
    ['', 'whole'],
    ['bytes=-', 'whole'],
    ['bytes=5-2', 'whole'],
    ['bytes=0-1,3-4', 'whole'],
    ['bytes=a-b', 'whole'],
    ['bytes=+1-2', 'whole'],
    ['bytes=1.5-2', 'whole'],
    ['lines=1-2', 'whole'],
  ])('%j of ten bytes is %j', (header, expected) => {
    expect(parseRange(header, 10)).toEqual(expected);
  });

  it('lies within the file, whatever the header says', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^bytes=\d{0,20}-\d{0,20}$/)),
        fc.nat({ max: 1_000_000 }),
        (header, size) => {
          const range = parseRange(header, size);
          if (typeof range === 'string') return;
          expect(range.start).toBeGreaterThanOrEqual(0);
          expect(range.start).toBeLessThanOrEqual(range.end);
          expect(range.end).toBeLessThan(size);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('of an empty file is never satisfiable', () => {
    for (const header of ['bytes=0-', 'bytes=0-0', 'bytes=-1'])
      expect(parseRange(header, 0)).toBe('unsatisfiable');
  });
});

describe('conditions', () => {
  const etag = '"abc"';

  it.each([
    [undefined, false],
    ['"abc"', true],
    ['W/"abc"', true],
    ['"x", "abc"', true],
    ['*', true],
    ['abc', false],
    ['"abcd"', false],
    ['', false],
  ])('If-None-Match: %s holds: %s', (header, expected) => {
    expect(ifNoneMatchHolds(header, etag)).toBe(expected);
  });

  const modified = new Date('2026-01-02T03:04:05.678Z');
  it.each([
    [undefined, true],
    ['"abc"', true],
    ['W/"abc"', false],
    ['"x"', false],
    ['Fri, 02 Jan 2026 03:04:05 GMT', true],
    ['Fri, 02 Jan 2026 03:04:06 GMT', false],
    ['rubbish', false],
  ])('If-Range: %s holds: %s', (header, expected) => {
    expect(ifRangeHolds(header, etag, modified)).toBe(expected);
  });
});

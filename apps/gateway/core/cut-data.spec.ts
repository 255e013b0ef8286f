import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cutData, jsonBytes } from './cut-data.js';

describe("a guest's value", () => {
  it('that fits stays as it is', () => {
    const value = { a: [1, 'x', null], b: { c: true } };
    expect(cutData(value, 100)).toBe(value);
    expect(cutData(undefined, 100)).toBeUndefined();
  });

  it('never has more than the limit, and is marked where something is missing', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.integer({ min: 60, max: 2000 }), (value, limit) => {
        const cut = cutData(value, limit);
        expect(jsonBytes(cut)).toBeLessThanOrEqual(limit);
        if (jsonBytes(value) > limit) expect(cut).toHaveProperty('cut.bytes', jsonBytes(value));
      }),
      { numRuns: 500 },
    );
  });

  it('loses entries of its lists and ends of its texts, with their count; its numbers stay', () => {
    const system = { cpu: { usage_percent: 12.5 }, memory: { total_kb: 4_000_000, used_kb: 1 } };
    const processes = Array.from({ length: 4000 }, (_, pid) => ({ pid, name: `process ${pid}` }));
    expect(cutData({ system, processes }, 16_384)).toEqual({
      system,
      processes: processes.slice(0, 256),
      cut: { bytes: jsonBytes({ system, processes }), entries: 3744, characters: 0 },
    });
    expect(cutData({ note: 'x'.repeat(5000) }, 2000)).toMatchObject({
      note: 'x'.repeat(1024),
      cut: { characters: 3976 },
    });
  });

  it('of nothing but fields that are too much says how much it was', () => {
    const value = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`field ${n}`, n]));
    expect(cutData(value, 200)).toEqual({ cut: { bytes: jsonBytes(value) } });
  });
});

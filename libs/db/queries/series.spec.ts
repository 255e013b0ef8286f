import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nextSlot, slotTime } from '../index.js';

const FIRST = Date.parse('2026-01-01T00:00:00Z');

describe('the grid of a repeating schedule', () => {
  it('has its next slot at or after now, exactly on first + n × interval, and never goes back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5_256_000 }),
        fc.integer({ min: 0, max: 10_000 }),
        fc.integer({ min: -(10 ** 9), max: 10 ** 12 }),
        (repeatIntervalMinutes, slot, sinceFirstMs) => {
          const rule = { first: new Date(FIRST).toISOString(), repeatIntervalMinutes };
          const now = new Date(FIRST + sinceFirstMs);
          const next = nextSlot(rule, slot, now);
          const interval = repeatIntervalMinutes * 60_000;
          expect(Number.isInteger(next)).toBe(true);
          expect(next).toBeGreaterThan(slot);
          const at = FIRST + next * interval;
          expect(at >= now.getTime() || next === slot + 1).toBe(true);
          // No slot in between was left out without being in the past.
          if (next > slot + 1) expect(at - interval).toBeLessThan(now.getTime());
        },
      ),
    );
  });

  it('does not drift over ten years of one-minute runs', () => {
    const rule = { first: new Date(FIRST).toISOString(), repeatIntervalMinutes: 1 };
    const slots = 10 * 365 * 24 * 60;
    expect(slotTime(rule, slots).getTime() - FIRST).toBe(slots * 60_000);
  });
});

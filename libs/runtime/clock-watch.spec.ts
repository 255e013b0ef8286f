import { describe, expect, it } from '@jest/globals';
import { ClockWatch } from './clock-watch.js';

const HOUR = 3_600_000;

describe('a watch of the wall clock', () => {
  function watch() {
    const clocks = { wall: Date.UTC(2026, 0, 1), steady: 0 };
    const made = new ClockWatch(
      60_000,
      () => clocks.wall,
      () => clocks.steady,
    );
    /** Time passes; the wall clock jumps besides. */
    const pass = (ms: number, jumpMs = 0): string | null => {
      clocks.steady += ms;
      clocks.wall += ms + jumpMs;
      return made.look();
    };
    return pass;
  }

  it('says nothing of a clock that goes, nor of one that is set by less than a minute', () => {
    const pass = watch();
    expect([pass(15_000), pass(15_000, 50_000), pass(15_000, -50_000), pass(10 * HOUR)]).toEqual(
      Array(4).fill(null),
    );
  });

  it.each([
    ['on', HOUR],
    ['back', -HOUR],
    ['on', 365 * 24 * HOUR],
    ['back', -365 * 24 * HOUR],
  ])('is quiet for a lease after a jump %s by %d ms', (direction, jumpMs) => {
    const pass = watch();
    expect(pass(15_000, jumpMs)).toContain(
      `went ${direction} by ${Math.abs(jumpMs) / 1000} s: for 60 s more nothing`,
    );
    expect(pass(59_000)).toContain('for 1 s more');
    expect(pass(1000)).toBeNull();
  });
});

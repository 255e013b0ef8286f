import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Backoff } from './backoff.js';

describe('pauses between tries', () => {
  it('grow to the cap and stay between half of it and all of it, for ever', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), (random) => {
        const backoff = new Backoff(100, 5000, () => random);
        const pauses = Array.from({ length: 100 }, () => backoff.next());
        expect(pauses[0]).toBeLessThanOrEqual(100);
        for (const pause of pauses.slice(10)) {
          expect(pause).toBeGreaterThanOrEqual(2500);
          expect(pause).toBeLessThanOrEqual(5000);
        }
        backoff.reset();
        expect(backoff.next()).toBe(pauses[0]);
      }),
    );
  });
});

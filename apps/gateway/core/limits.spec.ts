import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Backoff } from './backoff.js';
import { RateLimit } from './rate-limit.js';

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

describe('a rate limit', () => {
  it('lets a burst through, then so many a second', () => {
    let now = 0;
    const limit = new RateLimit(5, 2, () => now);
    const taken = (tries: number): number =>
      Array.from({ length: tries }, () => limit.take()).filter(Boolean).length;
    expect(taken(20)).toBe(5);
    now += 1000;
    expect(taken(20)).toBe(2);
    now += 3_600_000;
    expect(taken(20)).toBe(5);
  });

  it('says for how long what was used too much is a debt', () => {
    let now = 0;
    const limit = new RateLimit(5, 2, () => now);
    limit.spend(5);
    expect(limit.debtMs).toBe(0);
    limit.spend(4);
    expect(limit.debtMs).toBe(2000);
    expect(limit.take()).toBe(false);
    now += 1500;
    expect(limit.debtMs).toBe(500);
    now += 1000;
    expect([limit.debtMs, limit.take()]).toEqual([0, true]);
  });
});

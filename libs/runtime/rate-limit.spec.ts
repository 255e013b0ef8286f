import { describe, expect, it } from '@jest/globals';
import { FailureLimit } from './failure-limit.js';
import { RateLimit } from './rate-limit.js';

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

describe('a limit of failures', () => {
  it('turns an address away after so many, until some time has passed, and no other address', () => {
    let now = 0;
    const limit = new FailureLimit([3, 0.5], () => now);
    for (let count = 0; count < 2; count += 1) limit.failed('a');
    expect(limit.waitSeconds('a')).toBe(0);
    limit.failed('a');
    expect([limit.waitSeconds('a'), limit.waitSeconds('b')]).toEqual([2, 0]);
    now += 2000;
    expect(limit.waitSeconds('a')).toBe(0);
    limit.failed('a');
    expect(limit.waitSeconds('a')).toBe(2);
  });

  it('remembers no more than ten thousand addresses', () => {
    const limit = new FailureLimit([1, 0.001]);
    for (let count = 0; count <= 10_000; count += 1) limit.failed(`address ${count}`);
    expect([limit.waitSeconds('address 0'), limit.waitSeconds('address 1')]).toEqual([0, 1000]);
  });
});

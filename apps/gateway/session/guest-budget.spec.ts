import { describe, expect, it } from '@jest/globals';
import { GuestBudget } from './guest-budget.js';

const MIB = 1_048_576;

describe("a guest's budget", () => {
  const clock = { now: 0 };
  const budgetOf = (factor = 1): GuestBudget => new GuestBudget(factor, () => clock.now);

  it('slows nobody who says what agents say', () => {
    const budget = budgetOf();
    for (let second = 0; second < 3600; second += 1) {
      clock.now += 1000;
      budget.parsed(50_000, 100);
      budget.spend('work', 20);
      if (second % 20 === 0) budget.spend('sessions');
      if (second % 30 === 0) expect(budget.allowEvent('metrics')).toBe(true);
      expect(budget.pauseMs()).toBe(0);
    }
    expect(budget.takeExcess()).toBeNull();
  });

  it('reads the socket later after too many bytes, values, statements or sessions, never for 5 s', () => {
    for (const use of [
      (budget: GuestBudget) => budget.parsed(4 * MIB, 1),
      (budget: GuestBudget) => budget.parsed(1000, 20_000),
      (budget: GuestBudget) => budget.spend('work', 10),
      (budget: GuestBudget) => budget.spend('sessions'),
    ]) {
      const budget = budgetOf();
      let paused = 0;
      for (let count = 0; count < 1000; count += 1) {
        use(budget);
        const pause = budget.pauseMs();
        expect(pause).toBeLessThanOrEqual(2000);
        clock.now += pause;
        paused += pause;
      }
      expect(paused).toBeGreaterThan(60_000);
      expect(budget.takeExcess()).toMatchObject({ slowedMs: paused });
    }
  });

  it('opens one session a second', () => {
    const budget = budgetOf();
    const begun = clock.now;
    for (let count = 0; count < 62; count += 1) {
      budget.spend('sessions');
      clock.now += budget.pauseMs();
    }
    expect(clock.now - begun).toBeCloseTo(60_000);
  });

  it('leaves events and lines of log out, and tells of them once a minute with their count', () => {
    const budget = budgetOf();
    let recorded = 0;
    let logged = 0;
    let reports = 0;
    let dropped = 0;
    for (let second = 0; second < 600; second += 1) {
      clock.now += 1000;
      for (let count = 0; count < 10; count += 1) {
        if (budget.allowEvent('security')) recorded += 1;
        if (budget.allowLog()) logged += 1;
      }
      const excess = budget.takeExcess();
      if (excess === null) continue;
      reports += 1;
      dropped += excess.eventsDropped + excess.logLinesDropped;
    }
    expect(Math.max(recorded, logged)).toBeLessThanOrEqual(31);
    expect(reports).toBe(10);
    expect(dropped).toBeGreaterThan(5000);
  });

  it('has bytes for events of all kinds', () => {
    const budget = budgetOf();
    let bytes = 0;
    for (let count = 0; count < 1000; count += 1) if (budget.allowEventBytes(16_384)) bytes += 16_384;
    expect(bytes).toBe(MIB);
  });

  it('is raised by its factor', () => {
    const budget = budgetOf(10);
    for (let count = 0; count < 20; count += 1) budget.spend('sessions');
    expect(budget.pauseMs()).toBe(0);
    budget.spend('sessions');
    expect(budget.pauseMs()).toBeCloseTo(100);
  });
});

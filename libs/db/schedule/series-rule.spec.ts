import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  deliverBy,
  dueTime,
  firstSlot,
  nextSlot,
  parseCron,
  type SeriesRule,
  slotTime,
} from './series-rule.js';

const FIRST = Date.parse('2026-01-01T00:00:00Z');
const MINUTE = 60_000;
const every = (repeatIntervalMinutes: number, more: Partial<SeriesRule> = {}): SeriesRule => ({
  ...more,
  first: new Date(FIRST).toISOString(),
  repeatIntervalMinutes,
});
const cron = (
  expression: string,
  timeZone: string,
  first: string,
  more: Partial<SeriesRule> = {},
): SeriesRule => ({
  ...more,
  first,
  cron: expression,
  timeZone,
});

/** The runs of a machine that is always there, as their times on the grid. */
function runs(rule: SeriesRule, count: number): string[] {
  const found: string[] = [];
  let slot = firstSlot(rule);
  while (slot !== null && found.length < count) {
    const at = slotTime(rule, slot);
    found.push(at.toISOString().slice(0, 16));
    slot = nextSlot(rule, slot, at);
  }
  return found;
}

describe('the grid of an interval', () => {
  it('has its next slot at or after now, exactly on first + n × interval, and never goes back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5_256_000 }),
        // Before the year 9999 with the longest interval, too.
        fc.integer({ min: 0, max: 700 }),
        fc.integer({ min: -(10 ** 9), max: 10 ** 12 }),
        (minutes, slot, sinceFirstMs) => {
          const now = new Date(FIRST + sinceFirstMs);
          const next = nextSlot(every(minutes), slot, now) ?? -1;
          const interval = minutes * MINUTE;
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

  it('does not drift over ten years, a day without power and a clock that jumps', () => {
    const rule = every(17);
    const tenYears = (10 * 365 * 24 * 60) / 17;
    let slot = firstSlot(rule) ?? -1;
    let count = 0;
    let skipped = 0;
    while (slot < tenYears) {
      // Each run ends 20 s after it was due, whatever came before.
      let now = FIRST + slot * 17 * MINUTE + 20_000;
      if (count % 100_000 === 50_000) now += 86_400_000;
      if (count % 100_000 === 70_000) now -= 3_600_000;
      const next = nextSlot(rule, slot, new Date(now)) ?? -1;
      skipped += next - slot - 1;
      slot = next;
      count += 1;
    }
    expect(slotTime(rule, slot).getTime()).toBe(FIRST + slot * 17 * MINUTE);
    expect(count + skipped).toBe(slot);
    expect(count).toBeGreaterThan(300_000);
    // A day has 84 of these slots; they are missed each time, and none by the jump back.
    expect(skipped).toBe(Math.ceil((count - 50_000) / 100_000) * 84);
  });
});

describe('a cron expression', () => {
  it.each([
    // The hour 2 is missing in spring: the run happens at the first minute after it.
    [
      '30 2 * * *',
      'Europe/Berlin',
      '2027-03-27T00:00:00Z',
      ['2027-03-27T01:30', '2027-03-28T01:00', '2027-03-29T00:30'],
    ],
    // It comes twice in autumn: the first counts.
    [
      '30 2 * * *',
      'Europe/Berlin',
      '2027-10-30T00:00:00Z',
      ['2027-10-30T00:30', '2027-10-31T00:30', '2027-11-01T01:30'],
    ],
    // What runs on through the hour goes on through both.
    [
      '0,30 * * * *',
      'Europe/Berlin',
      '2027-10-31T00:00:00Z',
      ['2027-10-31T00:00', '2027-10-31T00:30', '2027-10-31T01:00', '2027-10-31T01:30', '2027-10-31T02:00'],
    ],
    // Lord Howe moves its clock by half an hour: 02:00 becomes 01:30 again.
    ['45 1 * * *', 'Australia/Lord_Howe', '2027-04-02T20:00:00Z', ['2027-04-03T14:45', '2027-04-04T15:15']],
    // Apia had no 30 December 2011.
    [
      '0 12 * * *',
      'Pacific/Apia',
      '2011-12-29T00:00:00Z',
      ['2011-12-29T22:00', '2011-12-30T22:00', '2011-12-31T22:00'],
    ],
    ['0 9 * * 1', 'UTC', '2026-01-01T00:00:00Z', ['2026-01-05T09:00', '2026-01-12T09:00']],
    ['0 0 29 2 *', 'UTC', '2026-01-01T00:00:00Z', ['2028-02-29T00:00', '2032-02-29T00:00']],
  ])('%s in %s from %s', (expression, zone, first, expected) => {
    expect(runs(cron(expression, zone, first), expected.length)).toEqual(expected);
  });

  it.each(['Australia/Lord_Howe', 'Pacific/Apia', 'America/St_Johns', 'Africa/Casablanca', 'UTC'])(
    'comes once a day for ten years in %s',
    (zone) => {
      const rule = cron('15 13 * * *', zone, '2012-01-01T00:00:00Z');
      const times = runs(rule, 3653).map((at) => Date.parse(`${at}Z`));
      for (const [index, at] of times.entries()) {
        const before = times[index - 1];
        // A day is 24 h, an hour or half an hour more or less when the clock changes.
        if (before !== undefined) expect(Math.abs(at - before - 86_400_000)).toBeLessThanOrEqual(3_600_000);
      }
      expect(times).toHaveLength(3653);
    },
  );

  it('agrees with the clock on the wall, minute by minute, on days without a change', () => {
    const field = (max: number, min = 0): fc.Arbitrary<string> =>
      fc.oneof(
        fc.constant('*'),
        fc.integer({ min, max }).map(String),
        fc.integer({ min: 2, max: Math.max(2, Math.floor(max / 2)) }).map((step) => `*/${step}`),
      );
    fc.assert(
      fc.property(field(59), field(23), fc.integer({ min: 0, max: 200 }), (minute, hour, day) => {
        const begin = Date.parse('2026-06-01T00:00:00Z') + day * 86_400_000;
        const matches = (pattern: string, value: number): boolean =>
          pattern === '*' ||
          (pattern.startsWith('*/') ? value % Number(pattern.slice(2)) === 0 : Number(pattern) === value);
        const expected: number[] = [];
        for (let at = begin; at < begin + 86_400_000; at += MINUTE) {
          const local = new Date(at + 5.5 * 3_600_000);
          if (matches(minute, local.getUTCMinutes()) && matches(hour, local.getUTCHours())) expected.push(at);
        }
        const rule = cron(`${minute} ${hour} * * *`, 'Asia/Kolkata', new Date(begin).toISOString());
        const found = runs(rule, expected.length).map((at) => Date.parse(`${at}Z`));
        expect(found).toEqual(expected);
      }),
      { numRuns: 25 },
    );
  });

  it.each(['', '* * * *', '*/5 * * * * *', '61 * * * *', 'every day', '0 0 * * 8'])(
    '%p is refused',
    (text) => {
      expect(() => parseCron(text, 'UTC')).toThrow();
    },
  );

  it('that never comes has no first slot', () => {
    expect(firstSlot(cron('0 0 30 2 *', 'UTC', '2026-01-01T00:00:00Z'))).toBeNull();
  });
});

describe('runs that were missed', () => {
  const back = new Date(FIRST + 100.5 * MINUTE);

  it('become one by default: the late one itself; the grid goes on', () => {
    expect(nextSlot(every(10), 3, back)).toBe(11);
  });

  it('are all made good within the window', () => {
    expect(nextSlot(every(10, { missedRuns: 'all' }), 3, back)).toBe(4);
    expect(nextSlot(every(10, { missedRuns: 'all', missedWindowMinutes: 25 }), 3, back)).toBe(8);
  });

  it('are skipped: each may start so late and no later', () => {
    const rule = every(10, { missedRuns: 'skip', missedWindowMinutes: 3 });
    expect(deliverBy(rule, 'm', 5)?.getTime()).toBe(FIRST + 53 * MINUTE);
    expect(deliverBy({ ...rule, missedWindowMinutes: 30 }, 'm', 5)?.getTime()).toBe(FIRST + 60 * MINUTE);
    expect(deliverBy(every(10), 'm', 5)).toBeNull();
    expect(nextSlot(rule, 5, back)).toBe(11);
  });
});

describe('jitter', () => {
  it('is the same for the same machine and run, within its limit, and spread over the machines', () => {
    const rule = every(60, { jitterSeconds: 600 });
    const at = (machine: string, slot: number): number =>
      dueTime(rule, machine, slot).getTime() - slotTime(rule, slot).getTime();
    const delays = Array.from({ length: 500 }, (_, index) => at(`machine-${index}`, 7));
    expect(Math.max(...delays)).toBeLessThanOrEqual(600_000);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
    expect(new Set(delays).size).toBeGreaterThan(450);
    expect(delays.filter((delay) => delay < 300_000).length).toBeGreaterThan(150);
    expect(at('machine-1', 7)).toBe(at('machine-1', 7));
    expect(at('machine-1', 7)).not.toBe(at('machine-1', 8));
  });

  it('never reaches the run that follows', () => {
    const rule = cron('* * * * *', 'UTC', '2026-01-01T00:00:00Z', { jitterSeconds: 86_400 });
    const slot = firstSlot(rule) ?? 0;
    for (let index = 0; index < 200; index += 1)
      expect(dueTime(rule, `machine-${index}`, slot).getTime()).toBeLessThan(
        slotTime(rule, slot + 1).getTime(),
      );
  });
});

describe('the last run', () => {
  it('is of the year 9999: there is none after it, whatever the rule', () => {
    const tenYears = { first: '9998-06-01T00:00:00.000Z', repeatIntervalMinutes: 5_256_000 };
    expect(firstSlot(tenYears)).toBe(0);
    expect(nextSlot(tenYears, 0, new Date())).toBeNull();
    const late = { ...tenYears, missedRuns: 'skip' as const, missedWindowMinutes: 525_600 };
    expect(deliverBy({ ...late, first: '9999-06-01T00:00:00.000Z' }, 'm', 0)).toBeNull();
    const jittery = { ...tenYears, first: '9999-12-31T12:00:00.000Z', jitterSeconds: 86_400 };
    expect(firstSlot(jittery)).toBeNull();
  });

  it('of a cron expression is of a minute that 32 bits count', () => {
    expect(firstSlot(cron('0 0 1 1 *', 'UTC', '2900-01-01T00:00:00Z'))).toBeLessThan(2 ** 31);
    expect(firstSlot(cron('0 0 1 1 *', 'UTC', '6100-01-01T00:00:00Z'))).toBeNull();
  });
});

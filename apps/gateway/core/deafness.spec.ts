import { describe, expect, it } from '@jest/globals';
import { Deafness } from './deafness.js';

describe('an agent', () => {
  const hears = (...waits: number[]): boolean[] => {
    const deafness = new Deafness();
    return waits.map((waitedMs) => deafness.hear('a', waitedMs));
  };

  it('is deaf that goes on with one hello for more than 3 s after its third ack', () => {
    expect(hears(5, 1000, 1000, 1000, 1000, 1000, 1001)).toEqual([...Array<boolean>(6).fill(false), true]);
  });

  it('is not for hellos that queued while this side was slow', () => {
    expect(hears(5, ...Array<number>(50).fill(0)).some(Boolean)).toBe(false);
  });

  it('is not for one pause of host or guest, however long', () => {
    expect(hears(5, 1000, 1000, 3_600_000, 1000).some(Boolean)).toBe(false);
  });

  it('begins anew with each hello, and with what only an acked agent says', () => {
    const deafness = new Deafness();
    for (const hello of ['a', 'b', 'c'])
      for (let n = 0; n < 5; n += 1) expect(deafness.hear(hello, 1000)).toBe(false);
    for (let n = 0; n < 9; n += 1) deafness.hear('d', 1000);
    expect(deafness.isDeaf).toBe(true);
    // Another connection, another hello: nothing says yet that it hears.
    deafness.hear('e', 5);
    expect(deafness.isDeaf).toBe(true);
    expect([deafness.end(), deafness.isDeaf, deafness.end()]).toEqual([true, false, false]);
  });
});

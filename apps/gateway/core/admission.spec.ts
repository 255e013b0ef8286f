import { describe, expect, it } from '@jest/globals';
import { Admission } from './admission.js';

describe('admission', () => {
  it('lets so many in at once, the others in their turn', async () => {
    const admission = new Admission(2, 1000);
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const runs = [0, 1, 2].map((index) =>
      admission.run(
        () =>
          new Promise<number>((resolve) => {
            begun.push(index);
            ends.push(() => resolve(index));
          }),
      ),
    );
    await Promise.resolve();
    expect(begun).toEqual([0, 1]);
    ends[0]?.();
    expect(await runs[0]).toBe(0);
    expect(begun).toEqual([0, 1, 2]);
    ends[1]?.();
    ends[2]?.();
    expect(await Promise.all(runs)).toEqual([0, 1, 2]);
  });

  it('tells of a wave once, when it is over and was large enough', async () => {
    const admission = new Admission(2, 3);
    const come = (): Promise<void> => admission.connect(() => Promise.resolve());
    await Promise.all([come(), come(), admission.run(() => Promise.resolve())]);
    expect(admission.takeWave()).toBe(false);
    let end: () => void = () => undefined;
    const last = admission.connect(() => new Promise<void>((resolve) => (end = resolve)));
    await Promise.resolve();
    expect(admission.takeWave()).toBe(false);
    end();
    await last;
    expect(admission.takeWave()).toBe(true);
    expect(admission.takeWave()).toBe(false);
  });

  it('goes on after one that failed', async () => {
    const admission = new Admission(1, 1);
    await expect(admission.connect(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await admission.connect(() => Promise.resolve(1))).toBe(1);
    expect(admission.takeWave()).toBe(true);
  });
});

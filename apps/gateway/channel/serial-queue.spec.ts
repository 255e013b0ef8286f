import { describe, expect, it } from '@jest/globals';
import { SerialQueue } from './serial-queue.js';

describe('the work of one machine', () => {
  it('runs one after another, and a fault in one keeps nothing from running', async () => {
    const failed: unknown[] = [];
    const queue = new SerialQueue((error) => failed.push(error));
    const log: string[] = [];
    const work = (name: string) => async (): Promise<void> => {
      log.push(`${name} begins`);
      await Promise.resolve();
      log.push(`${name} ends`);
    };
    queue.add(work('a'));
    queue.add(() => Promise.reject(new Error('b')));
    await queue.run(work('c'));
    expect(log).toEqual(['a begins', 'a ends', 'c begins', 'c ends']);
    expect(failed).toEqual([new Error('b')]);
  });

  it('is there once for each kind that may be asked for again and again', async () => {
    const queue = new SerialQueue(() => undefined);
    let sweeps = 0;
    const sweep = (): Promise<void> => {
      sweeps += 1;
      return Promise.resolve();
    };
    for (let turn = 0; turn < 5; turn += 1) queue.runOnce('sweep', sweep);
    await queue.idle();
    expect(sweeps).toBe(1);
    queue.runOnce('sweep', sweep);
    await queue.idle();
    expect(sweeps).toBe(2);
  });
});

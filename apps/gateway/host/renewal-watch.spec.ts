import { describe, expect, it } from '@jest/globals';
import { lookEveryMs, RenewalWatch } from './renewal-watch.js';

describe('a renewal', () => {
  const watch = () => {
    let hung = 0;
    const made = new RenewalWatch(() => (hung += 1));
    return {
      made,
      look: (times: number) => Array.from({ length: times }, () => made.look()),
      hung: () => hung,
    };
  };

  it('that has not ended for five leases is told of, once', () => {
    expect(lookEveryMs(60) * 15).toBe(5 * 60_000);
    const { look, hung } = watch();
    look(14);
    expect(hung()).toBe(0);
    look(30);
    expect(hung()).toBe(1);
  });

  it('that ends, well or not, for however long, is told of never', () => {
    const { made, look, hung } = watch();
    for (let round = 0; round < 100; round += 1) {
      look(14);
      made.ended();
    }
    expect(hung()).toBe(0);
  });
});

import { describe, expect, it } from '@jest/globals';
import { validateAnswerFile } from '../../libs/answers/index.js';
import { matchesWhole } from '../../libs/patterns/index.js';

const many = (count: number, line: (index: number) => string, between = '\n'): string =>
  Array.from({ length: count }, (_, index) => line(index)).join(between);

/** Texts that grow by one thing; the sizes take some 20 to 200 ms. */
const READERS: [what: string, count: number, read: (count: number) => unknown][] = [
  [
    'a YAML mapping on one line',
    1000,
    (count) => validateAnswerFile('meta-data', `{${many(count, (index) => `k${index}: v`, ', ')}}\n`),
  ],
  [
    'a YAML mapping of lines',
    1000,
    (count) =>
      validateAnswerFile(
        'meta-data',
        many(count, (index) => `k${index}: v`),
      ),
  ],
  [
    'a YAML mapping of one key',
    1000,
    (count) => validateAnswerFile('meta-data', `{${many(count, () => `k: v`, ', ')}}\n`),
  ],
  [
    'a YAML list',
    1000,
    (count) => validateAnswerFile('user-data', `#cloud-config\nruncmd: [${many(count, () => 'ls', ', ')}]\n`),
  ],
  [
    'kickstart commands',
    1000,
    (count) =>
      validateAnswerFile(
        'a.ks',
        `lang en_US\n${many(count, () => 'repo --name=a --baseurl=http://a.example/')}`,
      ),
  ],
  [
    'kickstart packages',
    1000,
    (count) => validateAnswerFile('a.ks', `%packages\n${many(count, (index) => `p${index}`)}\n%end\n`),
  ],
  [
    'XML elements',
    2000,
    (count) =>
      validateAnswerFile(
        'autounattend.xml',
        `<unattend xmlns="urn:schemas-microsoft-com:unattend">${many(count, (index) => `<a${index}>x</a${index}>`)}</unattend>`,
      ),
  ],
  ['a pattern', 40_000, (count) => matchesWhole('([a-z]+)+', `${'a'.repeat(count)}!`)],
];

/** CPU time of this process: what others do on the machine does not count. */
function cpuMs(run: () => unknown): number {
  const samples = [0, 1, 2].map(() => {
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...samples);
}

describe('readers', () => {
  it.each(READERS)(
    'take four times as long for four times as much, not sixteen: %s',
    (_what, count, read) => {
      read(count);
      const [once, fourfold] = [cpuMs(() => read(count)), cpuMs(() => read(4 * count))];
      // Below 2 ms the figure is noise, and far from what a square would make of it.
      expect(fourfold).toBeLessThan(10 * Math.max(once, 2));
    },
  );

  it('read a mapping of 50,000 keys on one line', () => {
    const text = `{${many(50_000, (index) => `k${index}: v`, ', ')}}\n`;
    expect(validateAnswerFile('meta-data', text).family).toBe('meta-data');
  });
});

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { read, root } from './files.js';

interface Mutant {
  name: string;
  file: string;
  find: string;
  tests: [runner: 'jest', project: string, file: string] | [runner: 'cargo', name: string];
}

const { MUTANTS } = (await import(join(root, 'test/mutants.mjs'))) as { MUTANTS: Mutant[] };

/** How often a mutant's text stands in its file; 0 for a file that is not there. */
function places({ file, find }: Pick<Mutant, 'file' | 'find'>): number {
  return existsSync(join(root, file)) ? read(file).split(find).length - 1 : 0;
}

it('each mutant finds its place, once', () => {
  expect(MUTANTS.length).toBeGreaterThan(5);
  expect(MUTANTS.filter((mutant) => places(mutant) !== 1).map(({ name }) => name)).toEqual([]);
});

it('each mutant names tests that are there', () => {
  const missing = MUTANTS.filter(({ tests }) => {
    const file = tests[0] === 'jest' ? tests[2] : `infiniservice/tests/${tests[1]}.rs`;
    return !existsSync(join(root, file));
  });
  expect(missing.map(({ name }) => name)).toEqual([]);
});

it('a text that has moved away, or that stands in two places, is noticed', () => {
  expect(
    places({
      file: 'test/mutants.mjs',
      find: 'no such text: it is put together'.split('').reverse().join(''),
    }),
  ).toBe(0);
  expect(places({ file: 'test/no-such-file.ts', find: 'x' })).toBe(0);
  expect(places({ file: 'test/mutants.mjs', find: 'name:' })).toBeGreaterThan(1);
});

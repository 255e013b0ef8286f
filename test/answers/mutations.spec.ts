import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { mutationDocument } from './document.js';
import { tryMutation } from './mutation.js';
import { faultsOf, readSubject, root, type Subject, SUBJECTS } from './subjects.js';
import { MUTATIONS } from './table.js';

describe('a file that is right', () => {
  it.each(Object.keys(SUBJECTS) as Subject[])('has no fault: %s', (subject) => {
    const { text } = readSubject(subject);
    expect(text.length).toBeGreaterThan(40);
    expect(faultsOf(subject, text)).toEqual([]);
  });
});

describe('one thing made wrong', () => {
  it('is tried for every file, at least 80 times, no case twice', () => {
    expect(MUTATIONS.length).toBeGreaterThanOrEqual(80);
    expect(new Set(MUTATIONS.map(({ file }) => file))).toEqual(new Set(Object.keys(SUBJECTS)));
    expect(new Set(MUTATIONS.map(({ file, name }) => `${file}: ${name}`)).size).toBe(MUTATIONS.length);
  });

  it.each(MUTATIONS.map((mutation) => [mutation.file, mutation.name, mutation] as const))(
    'is refused for its reason: %s, %s',
    (_file, _name, mutation) => {
      const { fault, faults } = tryMutation(mutation);
      expect({ fault: fault !== null, faults }).toEqual({ fault: true, faults });
      expect(fault?.remedy).toMatch(/\S/);
    },
  );

  it('stands in docs/answer-file-mutations.md as it is: npm run answers:mutations writes it', () => {
    const path = join(root, 'docs/answer-file-mutations.md');
    if (process.env['UPDATE_GOLDEN'] !== undefined) writeFileSync(path, mutationDocument());
    expect(readFileSync(path, 'utf8')).toBe(mutationDocument());
  });
});

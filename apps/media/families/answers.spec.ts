import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readRelease, validateAnswerFile } from '#answers';

const GOLDEN = ['linux', 'ubuntu', 'kickstart', 'windows'].map((family) =>
  join(import.meta.dirname, family, 'golden'),
);

interface Answer {
  golden: string;
  name: string;
  text: string;
}

/** Each answer file among the golden ones: some hold several, each under a line that names it. */
const answers: Answer[] = GOLDEN.flatMap((folder) =>
  readdirSync(folder).flatMap((golden): Answer[] => {
    const text = readFileSync(join(folder, golden), 'utf8');
    if (golden.endsWith('.cfg')) return [{ golden, name: 'ks.cfg', text }];
    if (golden.endsWith('.xml')) return [{ golden, name: 'autounattend.xml', text }];
    if (!golden.endsWith('.txt')) return [];
    const parts = text.split(/^=== (.+)\n/m).slice(1);
    if (parts.length === 0) return [{ golden, name: 'user-data', text }];
    return parts.flatMap((name, at) => (at % 2 === 0 ? [{ golden, name, text: parts[at + 1] ?? '' }] : []));
  }),
);
const isAnswer = ({ name }: Answer): boolean =>
  /^(user-data|meta-data|network-config|ks\.cfg|autounattend\.xml)$/.test(name);

describe('an answer file as it is made', () => {
  it('is there for each family', () => {
    const names = answers.filter(isAnswer).map(({ name }) => name);
    for (const name of ['user-data', 'meta-data', 'network-config', 'ks.cfg', 'autounattend.xml'])
      expect(names).toContain(name);
  });

  it.each(answers.filter(isAnswer).map((answer) => [answer.golden, answer.name, answer] as const))(
    '%s: %s has no fault by the rules of its installer',
    (_golden, name, { golden, text }) => {
      const [, family, version = ''] = /^kickstart-(\w+)-(\d+)-/.exec(golden) ?? [];
      const release = family ? readRelease(family === 'fedora' ? `F${version}` : `RHEL${version}`) : null;
      expect(validateAnswerFile(name, text, { release }).faults).toEqual([]);
    },
  );
});

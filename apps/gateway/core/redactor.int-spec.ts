import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { Redactor } from './redactor.js';

/** What the programs on a machine make of a value that they are given in $SECRET. */
const PROGRAMS: Record<string, string> = {
  'printf %q of bash': `printf '%q\\n' "$SECRET"`,
  'printf %q of bash, C locale': `LC_ALL=C; printf '%q\\n' "$SECRET"`,
  '@Q of bash': `printf '%s\\n' "\${SECRET@Q}"`,
  'declare -p of bash': `declare -p SECRET | sed 's/^declare -x //'`,
  'a trace of bash': `{ set -x; : "$SECRET"; } 2>&1`,
  'a trace of sh': `exec 2>&1; exec sh -xc ': "$SECRET"'`,
  'printf %q of coreutils': `env printf '%q\\n' "$SECRET"`,
  'printf %q of coreutils, C locale': `LC_ALL=C env printf '%q\\n' "$SECRET"`,
  base64: `printf %s "$SECRET" | base64`,
  'base64 of a line that holds it': `printf 'x%s' "$SECRET" | base64 -w 0 | sed 's/^e//'`,
  'JSON of Python': `python3 -c 'import json, os; print(json.dumps(os.environ["SECRET"]))'`,
  'a URL of Python': `python3 -c 'import os, urllib.parse as u; print(u.quote(os.environ["SECRET"]))'`,
  'a form of Python': `python3 -c 'import os, urllib.parse as u; print(u.quote_plus(os.environ["SECRET"]))'`,
  'base64url of Python': `python3 -c 'import base64, os; print(base64.urlsafe_b64encode(os.environb[b"SECRET"]).decode())'`,
};

const SECRETS = [
  'Correct horse',
  `q'u"o\`t\\e$d`,
  '~#[a]{b}(c);<d>&|*?!^,=:~e',
  'pässwörd € 😀 + /',
  'first line of it\nsecond "line"\n\tthird\\',
  'a long one: 0123456789abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ',
];

describe('what programs make of a password', () => {
  it.each(Object.entries(PROGRAMS))('is crossed out: %s', (_name, program) => {
    for (const secret of SECRETS) {
      const { stdout, stderr } = spawnSync('bash', ['-c', program], {
        env: { ...process.env, LC_ALL: 'C.UTF-8', SECRET: secret },
        encoding: 'utf8',
        timeout: 30_000,
      });
      expect(stderr).toBe('');
      const shown = new Redactor([secret]).text(stdout);
      // Quotes around it, padding behind it and the words of the program may be seen.
      const left = shown.replace(/^\+ exec sh.*$|^\+ :|^SECRET=|["'$\n ]|=+$/gm, '');
      expect({ secret, left: left.replaceAll('*', '') }).toEqual({ secret, left: '' });
      expect(shown).toContain('*'.repeat(8));
    }
  });
});

/**
 * `npm run test:mutants`: puts each deliberate breakage of test/mutants.mjs into a copy of the project and
 * runs the tests that have to see it. Prints a line per mutant and `N passed, N failed` last; a mutant passes
 * when the named test turned red.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MUTANTS } from '../test/mutants.mjs';
import { capture, projectEnv, root } from './steps.mjs';

const copy = mkdtempSync(join(tmpdir(), 'infinibay-mutants-'));
const skipped = new Set(['node_modules', 'dist', '.git', '.infinibay']);
cpSync(root, copy, {
  recursive: true,
  filter: (path) => {
    const inside = path.slice(root.length + 1);
    return !skipped.has(inside.split('/')[0]) && inside !== 'infiniservice/target';
  },
});
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));

/** @returns names of tests that failed, as the runner prints them */
async function run([runner, ...words]) {
  if (runner === 'cargo') {
    const { output } = await capture('cargo', ['test', '--locked', '--test', words[0]], {
      cwd: join(copy, 'infiniservice'),
    });
    return { failed: [...output.matchAll(/^test (\S+) \.\.\. FAILED$/gm)].map(([, name]) => name), output };
  }
  const [project, file] = words;
  const { output } = await capture(
    'node',
    [
      '--experimental-vm-modules',
      '--no-warnings',
      'node_modules/jest/bin/jest.js',
      '--selectProjects',
      project,
      '--verbose',
      '--',
      file,
    ],
    { cwd: copy, env: projectEnv({ FORCE_COLOR: '0' }) },
  );
  return { failed: [...output.matchAll(/^\s*✕ (.*)$/gm)].map(([, name]) => name), output };
}

const totals = { passed: 0, failed: 0 };
for (const { name, file, find, put, tests, red } of MUTANTS) {
  const path = join(copy, file);
  const original = readFileSync(path, 'utf8');
  let verdict;
  if (original.split(find).length !== 2) {
    verdict = `the place in ${file} is not there, or not once: change test/mutants.mjs`;
  } else {
    writeFileSync(
      path,
      original.replace(find, () => put),
    );
    const { failed, output } = await run(tests);
    writeFileSync(path, original);
    if (!failed.some((test) => test.includes(red))) {
      verdict =
        failed.length > 0
          ? `other tests turned red: ${failed.join('; ')}`
          : `it lives\n${output.slice(-3000)}`;
    }
  }
  if (verdict) totals.failed += 1;
  else totals.passed += 1;
  console.log(verdict ? `✗ ${name}: ${verdict}` : `✓ ${name}: red is "${red}"`);
}
rmSync(copy, { recursive: true, force: true });
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed > 0 ? 1 : 0;

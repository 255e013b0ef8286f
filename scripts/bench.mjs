/**
 * `npm run bench`: measures and prints a table; each figure stands beside something that was measured in the
 * same run, because absolute times of a shared machine say little. Writes bench-results.json. Benchmarks are
 * not tests: nothing here passes or fails.
 *
 * `npm run bench -- media agent` runs only the named parts; `npm run bench -- --list` names them.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { capture, compile, installPackages, projectEnv, root, step, StepFailed } from './steps.mjs';

try {
  await installPackages();
  const bootstrap = await capture('node', ['scripts/bootstrap.mjs', 'test'], {
    onText: (text) => process.stdout.write(text),
  });
  if (bootstrap.code !== 0) throw new StepFailed('the packages named above are needed');
  await compile();
  await step('Building the agent', 'bash', ['scripts/build-agent.sh', '--no-publish']);
} catch (error) {
  if (!(error instanceof StepFailed)) throw error;
  console.error(error.message);
  process.exit(1);
}
const { status } = spawnSync(
  'node',
  [
    '--no-warnings',
    '--experimental-transform-types',
    '--import',
    join(root, 'test/support/typescript.mjs'),
    join(root, 'test/bench/main.ts'),
    ...process.argv.slice(2),
  ],
  { cwd: root, env: projectEnv(), stdio: 'inherit' },
);
process.exitCode = status ?? 1;

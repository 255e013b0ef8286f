/**
 * `npm test`: every tier on a bare machine, in the order in which a fault is cheapest to see. Installs what
 * it needs, starts and stops its own servers, prints progress and ends with the line `N passed, N failed`.
 *
 * `npm test -- unit e2e` runs only the named tiers; `npm test -- --list` names them, and the long runs
 * (`crash`, `faults`, `pair`, `guests`, `fuzz`, `mutants`) that no other word starts.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  capture,
  compile,
  hasProgram,
  installPackages,
  projectEnv,
  root,
  step,
  StepFailed,
} from './steps.mjs';

const started = Date.now();
const totals = { passed: 0, failed: 0 };
const failures = [];

/** One check that is a program's exit code. */
async function check(title, command, args, options) {
  try {
    await step(title, command, args, options);
    totals.passed += 1;
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    fail(title, error.message);
  }
}

function fail(title, detail, count = 1) {
  totals.failed += count;
  failures.push(title);
  console.log(`\n── ${title} failed ──\n${detail}\n`);
}

/** One Jest project; each of its tests counts. Lines appear as the files end. */
async function jest(project, options = [], variables = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'infinibay-jest-'));
  const report = join(folder, 'report.json');
  console.log(`▸ Jest: ${project}`);
  const begun = Date.now();
  const { code, output } = await capture(
    'node',
    [
      '--experimental-vm-modules',
      '--no-warnings',
      'node_modules/jest/bin/jest.js',
      '--selectProjects',
      project,
      '--json',
      `--outputFile=${report}`,
      '--forceExit=false',
      '--passWithNoTests=false',
      ...options,
    ],
    { env: projectEnv({ FORCE_COLOR: '0', ...variables }), onText: printFileLines },
  );
  let result;
  try {
    result = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    fail(`Jest ${project} ended without a report (exit ${code})`, output.slice(-8000));
    return;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  totals.passed += result.numPassedTests;
  const broken = result.numFailedTests + result.numRuntimeErrorTestSuites + result.numPendingTests;
  const summary = `${result.numPassedTests} passed, ${broken} failed (${Math.round((Date.now() - begun) / 1000)} s)`;
  if (broken > 0 || code !== 0)
    fail(
      `Jest ${project}: ${summary}`,
      result.testResults
        .map((file) => file.message)
        .filter(Boolean)
        .join('\n'),
      Math.max(broken, 1),
    );
  else console.log(`✓ Jest ${project}: ${summary}`);
}

function printFileLines(text) {
  for (const line of text.split('\n')) if (/^(PASS|FAIL) /.test(line)) console.log(`  ${line}`);
}

/** The agent's own tests; each `test result:` line of cargo counts. */
async function cargoTests(options = [], variables = {}) {
  console.log('▸ Agent: cargo test');
  const begun = Date.now();
  const words = ['test', '--locked', '--quiet', ...options, '--', '--format=terse'];
  const { code, output } = await capture('cargo', words, {
    cwd: join(root, 'infiniservice'),
    env: projectEnv(variables),
  });
  let passed = 0;
  let failed = 0;
  for (const [, good, bad] of output.matchAll(/test result: \w+\. (\d+) passed; (\d+) failed/g)) {
    passed += Number(good);
    failed += Number(bad);
  }
  totals.passed += passed;
  if (code !== 0 || passed === 0)
    fail(`cargo test: ${passed} passed, ${failed} failed`, output.slice(-12_000), Math.max(failed, 1));
  else console.log(`✓ Agent: ${passed} passed (${Math.round((Date.now() - begun) / 1000)} s)`);
}

/** A count of its own: a mutant passes when it was seen. */
async function mutants() {
  const { output } = await capture('node', ['scripts/mutants.mjs'], {
    onText: (text) => process.stdout.write(text),
  });
  const [, passed, failed] = /(\d+) passed, (\d+) failed\n*$/.exec(output) ?? [null, '0', '1'];
  totals.passed += Number(passed);
  if (Number(failed) > 0) fail('Mutants', 'see above', Number(failed));
}

const agentFolder = { cwd: join(root, 'infiniservice') };
const tiers = {
  static: async () => {
    await check('Types', 'tsc', ['--noEmit', '-p', 'tsconfig.json']);
    await check('Lint', 'eslint', ['.', '--max-warnings', '0']);
    await check('Format', 'bash', ['scripts/check-format.sh']);
    await check('Import rules', 'npm', ['run', '--silent', 'check:imports']);
    await check('Unused files, exports, dependencies', 'knip', ['--no-progress']);
    await check('The same without the tests', 'knip', ['--no-progress', '--production']);
    await check('Agent: format', 'cargo', ['fmt', '--check'], agentFolder);
    await check(
      'Agent: clippy',
      'cargo',
      ['clippy', '--locked', '--all-targets', '--', '-D', 'warnings'],
      agentFolder,
    );
    await check('Shell scripts', 'bash', ['scripts/check-shell.sh']);
    await check('Dockerfiles and compose.yml', 'bash', ['scripts/check-docker.sh']);
  },
  // Jest leaves one processor free, and on two of them it would use a single worker.
  unit: () => jest('unit', ['--maxWorkers=100%']),
  agent: () => cargoTests(),
  integration: () => jest('integration', ['--maxWorkers=100%']),
  conformance: () => jest('conformance'),
  // Guests under TCG take both cores: one at a time.
  e2e: () => jest('e2e', ['--runInBand']),
};

/** Deeper runs of what the tiers try once; each by its name alone. */
const FUZZ_CASES = { FUZZ_CASES: '1000000' };
const longRuns = {
  crash: () =>
    jest('e2e', ['--runInBand', 'crash-matrix'], { CRASH_ROUNDS: process.env.CRASH_ROUNDS ?? '20' }),
  faults: () =>
    jest('integration', ['--runInBand', '--testTimeout=600000', 'test/faults'], { DATABASE_FAULTS: 'all' }),
  pair: () => jest('e2e', ['--runInBand', 'two-gateways'], { PAIR_ROUNDS: process.env.PAIR_ROUNDS ?? '10' }),
  guests: () => jest('guests', ['--runInBand']),
  fuzz: async () => {
    await jest('unit', ['--testTimeout=3600000', 'faulty-stream'], FUZZ_CASES);
    // A target folder of its own: the other one holds the static agent that guests of later tests run.
    const target = join(root, 'infiniservice/target/fuzz');
    await cargoTests(['--release', '--test', 'faulty_stream'], { ...FUZZ_CASES, CARGO_TARGET_DIR: target });
  },
  mutants,
};

async function main() {
  const names = process.argv.slice(2);
  const all = { ...tiers, ...longRuns };
  if (names.includes('--list')) return console.log(Object.keys(all).join('\n'));
  const unknown = names.filter((name) => !(name in all));
  if (unknown.length > 0)
    throw new StepFailed(`unknown tier ${unknown.join(', ')}; there are ${Object.keys(all).join(', ')}`);
  if (!hasProgram('cargo')) {
    throw new StepFailed(
      'cargo is missing: the agent is a Rust program. Install Rust 1.85 or newer (Debian: rustup or cargo) and run npm test again.',
    );
  }
  await installPackages();
  const bootstrap = await capture('node', ['scripts/bootstrap.mjs', 'test'], {
    onText: (text) => process.stdout.write(text),
  });
  if (bootstrap.code !== 0) throw new StepFailed('the packages named above are needed by the tests');
  await compile({ force: true });
  await step('Building the agent', 'bash', ['scripts/build-agent.sh']);
  for (const [name, run] of Object.entries(all))
    if (names.includes(name) || (names.length === 0 && name in tiers)) await run();
}

try {
  await main();
} catch (error) {
  if (!(error instanceof StepFailed)) throw error;
  fail('Preparation', error.message);
}
if (!process.argv.includes('--list')) {
  console.log(`\n${Math.round((Date.now() - started) / 1000)} s`);
  for (const title of failures) console.log(`failed: ${title}`);
  console.log(`${totals.passed} passed, ${totals.failed} failed`);
}
process.exitCode = totals.failed > 0 ? 1 : 0;

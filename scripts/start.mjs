/**
 * `npm start`: from a bare checkout to a running suite with a demonstration of its main job.
 * `npm run standalone` (`--no-demo`): the same without the demonstration, logs on the terminal.
 * `npm start -- --once`: ends after the demonstration instead of staying up.
 */
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
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

const options = new Set(process.argv.slice(2));
const unknown = [...options].filter((option) => !['--no-demo', '--once'].includes(option));
if (unknown.length > 0) {
  console.error(`unknown option ${unknown.join(' ')}; there are --no-demo and --once`);
  process.exit(2);
}

const baseDir = resolve(root, process.env.INFINIBAY_BASE_DIR || '.infinibay');

/** What the embedded defaults of a single machine are; each may be set otherwise. */
function environment() {
  return projectEnv({
    INFINIBAY_BASE_DIR: baseDir,
    APP_HOST: process.env.APP_HOST || '127.0.0.1',
    // The demonstration's guest is a process on this machine: only then may a medium point at loopback.
    ALLOW_LOOPBACK_APP_HOST: process.env.ALLOW_LOOPBACK_APP_HOST || (process.env.APP_HOST ? 'off' : 'on'),
  });
}

async function main() {
  const [major = 0] = process.versions.node.split('.').map(Number);
  if (major < 20)
    throw new StepFailed(`Node.js ${process.versions.node} is too old: install Node.js 20 or newer.`);
  await installPackages();
  const bootstrap = await capture('node', ['scripts/bootstrap.mjs', 'start'], {
    onText: (text) => process.stdout.write(text),
  });
  if (bootstrap.code !== 0)
    console.log('  Going on without: media are then made as folders, not as ISO images.');
  await compile();
  const agent = await buildAgent();
  const program = options.has('--no-demo') || !agent ? 'dist/apps/standalone/main.js' : 'scripts/demo.mjs';
  await inForeground('node', [program, ...(options.has('--once') ? ['--once'] : [])]);
}

/** Builds and publishes the agent; false (with advice on the terminal) when there is no cargo. */
async function buildAgent() {
  if (hasProgram('cargo')) {
    await step('Building the agent', 'bash', ['scripts/build-agent.sh', '--publish-to', baseDir]);
    return true;
  }
  // A binary that was copied here by hand needs its install script beside it.
  const installer = join(baseDir, 'infiniservice/install/install-linux.sh');
  mkdirSync(dirname(installer), { recursive: true });
  copyFileSync(join(root, 'infiniservice/install/install-linux.sh'), installer);
  if (existsSync(join(baseDir, 'infiniservice/binaries/linux/infiniservice'))) return true;
  console.log(`
  cargo is missing, so the agent cannot be built here. Install Rust 1.85 or newer and a C compiler
  (on Debian: apt-get install rustup gcc && rustup default stable), then run npm start again.
  Without it the console, the gateway and the distribution API work; media and guests need the agent's
  binary, which may also be copied to ${join(baseDir, 'infiniservice/binaries/linux/infiniservice')}.
`);
  return false;
}

/** Hands the terminal over. Signals reach the child once, through us, whoever sent them. */
function inForeground(command, args) {
  return new Promise((done) => {
    const child = spawn(command, args, { cwd: root, env: environment(), stdio: 'inherit', detached: true });
    const relay = (signal) => child.kill(signal);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, relay);
    child.once('close', (code) => {
      process.exitCode = code ?? 1;
      done();
    });
  });
}

try {
  await main();
} catch (error) {
  if (!(error instanceof StepFailed)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

/**
 * Steps that `npm start` and `npm test` share: run a program with its progress shown, install what
 * package-lock.json names, compile. Runs on the system's Node 20 before anything is installed, so it
 * uses built-in modules only.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

/**
 * The environment in which the project's own Node 24 and tools come first on the PATH, and the system's tools
 * last: Debian leaves `/usr/sbin` (netplan, blkid, mkfs) out of an ordinary user's.
 */
export function projectEnv(extra = {}) {
  return {
    ...process.env,
    PATH: [join(root, 'node_modules/.bin'), process.env.PATH, '/usr/sbin', '/sbin'].join(delimiter),
    ...extra,
  };
}

export class StepFailed extends Error {}

const interactive = process.stdout.isTTY === true;

function seconds(since) {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}

/**
 * Runs one program and shows that it lives: a ticking line on a terminal, a line every 20 s elsewhere.
 * Its output is shown only when it fails.
 * @throws StepFailed with the program's last 80 lines
 */
export async function step(title, command, args, { env = projectEnv(), cwd = root } = {}) {
  const started = Date.now();
  const show = (text) => process.stdout.write(interactive ? `\r\x1b[K${text}` : `${text}\n`);
  show(`▸ ${title} …`);
  const ticker = setInterval(
    () => show(`▸ ${title} … ${Math.round((Date.now() - started) / 1000)} s`),
    interactive ? 1000 : 20_000,
  );
  const { code, output } = await capture(command, args, { env, cwd });
  clearInterval(ticker);
  if (code !== 0) {
    show(`✗ ${title} (${seconds(started)})\n`);
    throw new StepFailed(output.split('\n').slice(-80).join('\n'));
  }
  show(`✓ ${title} (${seconds(started)})${interactive ? '\n' : ''}`);
  return output;
}

/** Runs a program to its end; standard output and error come back as one text. */
export function capture(command, args, { env = projectEnv(), cwd = root, onText } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const take = (chunk) => {
      output += chunk;
      onText?.(String(chunk));
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('error', (error) => resolve({ code: 127, output: `${output}${error.message}\n` }));
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** True when a program of this name is on the PATH. */
export function hasProgram(name) {
  return (process.env.PATH ?? '').split(delimiter).some((dir) => existsSync(join(dir, name)));
}

/** Installs the npm packages when they are missing or package-lock.json has changed since. */
export async function installPackages() {
  const stamp = join(root, 'node_modules/.installed-from');
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  if (!existsSync(join(root, 'node_modules/.package-lock.json')) || existsSync(stamp)) {
    await step('Installing npm packages', 'npm', ['ci', '--loglevel=error'], { env: process.env });
  }
  writeFileSync(stamp, wanted);
}

/** Compiles the apps and libs into dist/ when a source is newer than the last build. */
export async function compile({ force = false } = {}) {
  const stamp = join(root, 'dist/.built');
  const built = existsSync(stamp) ? statSync(stamp).mtimeMs : 0;
  if (
    !force &&
    built > newestSource(['apps', 'libs', 'tsconfig.json', 'tsconfig.build.json', 'package.json'])
  )
    return;
  await step('Compiling the apps', 'nest', ['build', 'standalone']);
  linkCommand();
  writeFileSync(stamp, '');
}

/**
 * npm links the commands of packages that are installed, not the project's own: `npx infinibay` finds this
 * one.
 */
function linkCommand() {
  const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const [name, file] of Object.entries(bin)) {
    const link = join(root, 'node_modules/.bin', name);
    chmodSync(join(root, file), 0o755);
    rmSync(link, { force: true });
    symlinkSync(join('../..', file), link);
  }
}

function newestSource(paths) {
  let newest = 0;
  for (const path of paths) {
    const absolute = join(root, path);
    if (!existsSync(absolute)) continue;
    if (statSync(absolute).isDirectory()) {
      newest = Math.max(newest, newestSource(readdirSync(absolute).map((name) => join(path, name))));
    }
    newest = Math.max(newest, statSync(absolute).mtimeMs);
  }
  return newest;
}

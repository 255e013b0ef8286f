/**
 * Python programs that only tests need, each in a virtual environment of its own in the cache: `node
 * scripts/python-tools.mjs` makes what is missing and prints nothing when all is there. Runs on the system's
 * Node, so it uses built-in modules only.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'infinibay-guest-suite');

/** Package and version; the folder is keyed by both. */
const TOOLS = { pykickstart: '3.78', 'openapi-python-client': '0.29.1' };

/** The folder of a tool's environment: its programs are in `bin/`. */
export const pythonTool = (name) => join(cache, `${name}-${TOOLS[name]}`);

/** Makes an environment if it is not complete; several processes may ask at once. */
export function installPythonTool(name) {
  const folder = pythonTool(name);
  if (existsSync(join(folder, '.complete'))) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  run('flock', [`${folder}.lock`, process.execPath, import.meta.filename, name]);
  return folder;
}

export function installPythonTools() {
  for (const name of Object.keys(TOOLS)) installPythonTool(name);
}

function build(name) {
  const folder = pythonTool(name);
  // Another process was first.
  if (existsSync(join(folder, '.complete'))) return;
  rmSync(folder, { recursive: true, force: true });
  run('python3', ['-m', 'venv', folder]);
  run(join(folder, 'bin/python'), [
    ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'],
    `${name}==${TOOLS[name]}`,
  ]);
  writeFileSync(join(folder, '.complete'), '');
}

function run(program, args) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', timeout: 300_000 });
  if (status !== 0)
    throw new Error(`${program} ${args.join(' ')} failed:\n${error ?? ''}${stdout ?? ''}${stderr ?? ''}`);
}

// As a program, not when it is imported.
if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [, , name] = process.argv;
  if (name) build(name);
  else installPythonTools();
}

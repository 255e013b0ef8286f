import { execFileSync, spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MediaResult } from '#protocol';
import { type Operator, startStandalone, TOKEN } from '../support/apps/apps.js';
import type { Running } from '../support/processes/processes.js';

const root = resolve(import.meta.dirname, '../..');
const MAIN = join(root, 'dist/apps/cli/main.js');
const DEADLINE_MS = 30_000;

/** The Node that an operator has: the first on the PATH that is not the project's own. */
function systemNode(): string {
  const folders = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'));
  const found = folders.map((folder) => join(folder, 'node')).find((path) => existsSync(path));
  if (!found) throw new Error('there is no node on the PATH: install Debian package nodejs');
  return found;
}

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** The built command as a process, with an environment of its own. */
function infinibay(
  words: string[],
  options: { node?: string; env?: Record<string, string>; stdin?: string; cwd?: string } = {},
): Promise<Ended> {
  return new Promise((done, failed) => {
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(options.node ?? process.execPath, [MAIN, ...words], {
      cwd: options.cwd ?? root,
      env: { PATH, HOME, ...options.env },
      timeout: DEADLINE_MS,
    });
    const texts = { out: '', err: '' };
    child.stdout.on('data', (chunk: Buffer) => (texts.out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (texts.err += chunk.toString()));
    child.once('error', failed);
    child.once('close', (code) => done({ code, ...texts }));
    child.stdin.end(options.stdin ?? '');
  });
}

const spec = (vmId: string): string =>
  `vmId: ${vmId}\nhostname: web-1\nos: { family: ubuntu, version: "24.04" }\nusers: [{ name: ada, password: canary-word }]\n`;

describe('infinibay', () => {
  const base = mkdtempSync(join(tmpdir(), 'infinibay-cli-e2e-'));
  let app: Running;
  let operator: Operator;
  beforeAll(async () => {
    const published = join(base, 'infiniservice');
    for (const folder of ['binaries/linux', 'install'])
      mkdirSync(join(published, folder), { recursive: true });
    // Media carry the hash of what is published, whatever it is.
    writeFileSync(join(published, 'binaries/linux/infiniservice'), 'stands for the agent');
    copyFileSync(
      join(root, 'infiniservice/install/install-linux.sh'),
      join(published, 'install/install-linux.sh'),
    );
    ({ app, operator } = await startStandalone(base));
  }, 90_000);
  afterAll(async () => {
    await app?.stop();
    rmSync(base, { recursive: true, force: true });
  });
  const env = (): Record<string, string> => ({ CONSOLE_URL: operator.url, CONSOLE_TOKEN: TOKEN });

  it('makes a medium that the console then has, and prints neither token nor password', async () => {
    const run = await infinibay(['media', 'create', '--spec', '-'], {
      env: env(),
      stdin: spec('00000000-0000-4000-8000-00000000000a'),
    });
    expect(run).toMatchObject({ code: 0, err: '' });
    const [, id = ''] =
      /^medium ([0-9a-f-]{36}) for machine 00000000-0000-4000-8000-00000000000a/.exec(run.out) ?? [];
    const made = await operator.request<MediaResult>('GET', `/media/${id}`);
    for (const { name, size, sha256 } of made.files)
      expect(run.out).toMatch(new RegExp(`${name} +\\S+ +${size} +${sha256}\n`));
    for (const step of made.plan.steps) expect(run.out).toContain(`${step.when}: ${step.do}\n`);
    expect(run.out + run.err + app.output()).not.toMatch(new RegExp(`${TOKEN}|canary-word`));
  }, 60_000);

  it('works on the Node that the system has, with the token from the base directory, and ends with what it says', async () => {
    const node = systemNode();
    expect(execFileSync(node, ['--version'], { encoding: 'utf8' })).toMatch(/^v\d+/);
    writeFileSync(join(base, 'console.token'), `${TOKEN}\n`, { mode: 0o600 });
    const own = { CONSOLE_URL: operator.url, INFINIBAY_BASE_DIR: base };
    const plan = await infinibay(['media', 'plan', '--spec', '-'], {
      node,
      env: own,
      stdin: spec('00000000-0000-4000-8000-00000000000b'),
    });
    expect(plan).toMatchObject({ code: 0, err: '' });
    expect(plan.out).toContain('nothing was made');
    const wrong = await infinibay(['media', 'validate', '--file', '-'], {
      node,
      stdin: '#cloud-config\nautoinstall: {version: 1, late_commands: []}\n',
    });
    expect(wrong.code).toBe(1);
    expect(wrong.out).toContain('did you mean late-commands?');
    expect(await infinibay(['media', 'validate'], { node })).toMatchObject({ code: 2, out: '' });
    const refused = await infinibay(['media', 'plan', '--spec', '-'], { node, env: own, stdin: 'vmId: x\n' });
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toMatch(/^request\.invalid: /);
  }, 60_000);

  it('looks for the token in ./.infinibay, and says so', async () => {
    const empty = mkdtempSync(join(base, 'empty-'));
    const run = await infinibay(['media', 'plan', '--spec', '-'], {
      cwd: empty,
      stdin: spec('00000000-0000-4000-8000-00000000000c'),
    });
    expect(run).toMatchObject({ code: 4, out: '' });
    expect(run.err).toMatch(/^\.infinibay\/console\.token: /);
  }, 60_000);

  it('ends with 3 when nothing listens, and quietly when its reader goes away', async () => {
    await app.stop();
    const run = await infinibay(['media', 'plan', '--spec', '-'], {
      env: env(),
      stdin: spec('00000000-0000-4000-8000-00000000000d'),
    });
    expect(run).toMatchObject({ code: 3, out: '' });
    expect(run.err).toContain(`does not answer at ${operator.url} (ECONNREFUSED)`);
    const file = join(root, 'libs/answers/fixtures/windows/w11-uefi.autounattend.xml');
    const broken = join(base, 'broken.autounattend.xml');
    writeFileSync(
      broken,
      readFileSync(file, 'utf8').replaceAll('<Order>', '<Oder>').replaceAll('</Order>', '</Oder>'),
    );
    const piped = execFileSync(
      'sh',
      ['-c', '"$1" "$2" media validate --json --file "$3" | head -c 1', 'sh', process.execPath, MAIN, broken],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    expect(piped).toBe('{');
  }, 60_000);

  it('is what package.json calls infinibay', () => {
    const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      bin: Record<string, string>;
    };
    expect(join(root, bin['infinibay'] ?? '')).toBe(MAIN);
    expect(readFileSync(MAIN, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });
});

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  INSTALLER_SYSTEMS,
  installerPath,
  programPath,
} from '../../../../test/support/installers/installer-programs.js';
import { start } from '../../../../test/support/processes/processes.js';
import { BODY, HOSTILE, HostileServer } from '../../../../test/support/servers/hostile-server.js';
import { waitFor } from '../../../../test/support/wait.js';
import { DOWNLOAD_FUNCTION } from './download.js';

const folder = mkdtempSync(join(tmpdir(), 'infinibay-download-'));
const server = new HostileServer();
beforeAll(() => server.listen());
beforeEach(() => {
  server.requests.length = 0;
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const TOKEN = 'canary-token_0123456789';
const file = join(folder, 'file');

/** Seconds of a test are shorter than those of a network; each of them is there to be shortened. */
function hasty(text: string, tries: number): string {
  const changes: [string, string][] = [
    ['-lt 5', `-lt ${tries}`],
    ['sleep 2', 'sleep 0'],
    ['--speed-time 30', '--speed-time 2'],
    ['--timeout=30', '--timeout=2'],
    ['$((60 + ', '$((3 + '],
  ];
  return changes.reduce((changed, [long, short]) => {
    expect(changed).toContain(long);
    return changed.replace(long, short);
  }, text);
}

/** A PATH with what the smallest system has, and one client. */
function pathWith(client: 'curl' | 'wget'): string {
  const bin = join(folder, client);
  mkdirSync(bin, { recursive: true });
  for (const name of ['head', 'wc', 'sleep', 'timeout', 'mktemp', 'rm', client])
    if (!existsSync(join(bin, name))) symlinkSync(programPath(name) ?? name, join(bin, name));
  return bin;
}

async function download(
  url: string,
  path: string,
  more: { shell?: string; tries?: number; token?: string; bytes?: number } = {},
): Promise<{ code: number | null; output: string; seconds: number }> {
  const { shell = '/usr/bin/dash', tries = 1, token = '', bytes = BODY.length } = more;
  const script = join(folder, 'script.sh');
  const text = hasty(DOWNLOAD_FUNCTION, tries);
  writeFileSync(script, `set -eu\n${text}\ndownload '${url}' '${file}' ${bytes} '${token}' || exit 7\n`);
  rmSync(file, { force: true });
  const begun = performance.now();
  const running = start('env', ['-i', `PATH=${path}`, `TMPDIR=${folder}`, shell, script]);
  return {
    code: await running.exited,
    output: running.output(),
    seconds: (performance.now() - begun) / 1000,
  };
}

describe.each([
  { shell: 'dash', client: 'curl' },
  { shell: 'bash', client: 'curl' },
  { shell: 'dash', client: 'wget' },
  { shell: 'bash', client: 'wget' },
] as const)('a download with $client in $shell', ({ shell, client }) => {
  const from = (answer: Parameters<HostileServer['urlOf']>[0], more = {}): ReturnType<typeof download> =>
    download(server.urlOf(answer), pathWith(client), { shell: `/usr/bin/${shell}`, ...more });

  it.each(['good', 'good without a length'] as const)('is whole: %s', async (answer) => {
    expect(await from(answer)).toMatchObject({ code: 0, output: '' });
    expect(readFileSync(file).equals(BODY)).toBe(true);
  });

  it.each(HOSTILE)(
    'from a server that is %s ends, takes no more than was asked for, and leaves no process',
    async (answer) => {
      const { code, output, seconds } = await from(answer);
      expect([code, output]).toEqual([7, expect.stringMatching(/^try 1: |\ntry 1: /)]);
      expect(statSync(file).size).toBeLessThanOrEqual(BODY.length + 1);
      expect(seconds).toBeLessThan(30);
      await waitFor(() => server.open() === 0, { what: 'the client is gone' });
    },
    60_000,
  );

  it('is tried again, and says how each try failed', async () => {
    const { code, output } = await from('short', { tries: 3 });
    expect(code).toBe(7);
    expect(server.requests).toHaveLength(3);
    for (const number of [1, 2, 3]) expect(output).toContain(`try ${number}: of ${BODY.length} bytes 5 came`);
  });

  it('is not of a longer file', async () => {
    const { code, output } = await from('good', { bytes: BODY.length - 1 });
    expect(code).toBe(7);
    expect(output).toContain(`the server has more than the ${BODY.length - 1} bytes`);
  });

  it('shows its token to the server alone', async () => {
    const [calls, bin] = [join(folder, 'calls'), join(folder, `watched-${client}`)];
    mkdirSync(bin, { recursive: true });
    for (const name of readdirSync(pathWith(client))) {
      const program = `#!/bin/sh\necho "$0 $*" >>'${calls}'\nexec '${pathWith(client)}/${name}' "$@"\n`;
      writeFileSync(join(bin, name), program, { mode: 0o755 });
    }
    const told = { token: TOKEN, shell: `/usr/bin/${shell}` };
    expect((await download(server.urlOf('good'), bin, told)).code).toBe(0);
    expect(readFileSync(calls, 'utf8')).toContain(server.urlOf('good'));
    expect(readFileSync(calls, 'utf8')).not.toContain(TOKEN);
    const sent = server.requests.at(-1) ?? '';
    expect(sent).toMatch(new RegExp(`^Authorization: Bearer ${TOKEN}\r$`, 'm'));
    expect(readdirSync(folder).filter((name) => name.startsWith('tmp'))).toEqual([]);
    expect((await from('good')).code).toBe(0);
    expect(server.requests.at(-1)).not.toMatch(/authorization/i);
  });
});

describe.each(INSTALLER_SYSTEMS)('with the programs of the installer of %s, a download', (system) => {
  it.each(['good', 'endless', 'dripping'] as const)('ends: %s', async (answer) => {
    const path = installerPath(join(folder, `installer-${system}-${answer}`), system, []);
    const { code } = await download(server.urlOf(answer), path, { shell: join(path, 'sh') });
    expect(code).toBe(answer === 'good' ? 0 : 7);
    if (code === 0) expect(readFileSync(file).equals(BODY)).toBe(true);
    else expect(statSync(file).size).toBeLessThanOrEqual(BODY.length + 1);
  });
});

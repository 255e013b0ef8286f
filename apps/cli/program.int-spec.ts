import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { migrateToLatest, openDatabase } from '#db';
import { CONSOLE_TOKEN, startConsole, type TestConsole } from '../../test/support/apps/console.js';
import { publishArtifacts, startMedia, type TestMedia } from '../../test/support/media/media.js';
import { freePort } from '../../test/support/processes/processes.js';
import { runCommand } from './program.js';

const fixtures = resolve(import.meta.dirname, '../../libs/answers/fixtures');
const folder = mkdtempSync(join(tmpdir(), 'infinibay-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  code: number;
  out: string;
  err: string;
}

/** The command in this process, with its own streams. */
async function infinibay(words: string[], env: NodeJS.ProcessEnv = {}, stdin = ''): Promise<Run> {
  const texts = { out: '', err: '' };
  const into = (name: 'out' | 'err'): Writable =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        texts[name] += chunk.toString();
        done();
      },
    });
  const terminal = { stdin: Readable.from([stdin]), stdout: into('out'), stderr: into('err') };
  const code = await runCommand(words, { INFINIBAY_BASE_DIR: folder, ...env }, terminal);
  return { code, ...texts };
}

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const spec = (vmId: string, more = ''): string =>
  `vmId: ${vmId}\nhostname: web-1\nos: { family: ubuntu, version: "24.04" }\nsource: cloud-image\n${more}`;
const VM = '7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d';

it('tells its version, which is the suite’s', async () => {
  const { version } = JSON.parse(
    readFileSync(resolve(import.meta.dirname, '../../package.json'), 'utf8'),
  ) as { version: string };
  expect(await infinibay(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
});

describe('validate', () => {
  it.each([
    ['a request', ['--spec', `${fixtures}/requests/windows.json`], 'request: no fault'],
    ['a kickstart', ['--file', `${fixtures}/kickstart/RHEL9.ks.cfg`], 'kickstart for RHEL9: no fault'],
    [
      'a Windows answer',
      ['--file', `${fixtures}/windows/w11-uefi.autounattend.xml`],
      'autounattend: no fault',
    ],
    ['autoinstall', ['--file', `${fixtures}/ubuntu/user-data-storage`], 'autoinstall: no fault'],
  ])('ends with 0 for %s that is right', async (_name, words, says) => {
    const run = await infinibay(['media', 'validate', ...words]);
    expect(run).toMatchObject({ code: 0, err: '' });
    expect(run.out).toContain(says);
  });

  it('ends with 1 and lists every fault of a request with path, value, rule and remedy', async () => {
    const path = file(
      'bad.yaml',
      'vmId: 1\nhostname: a_b\nos: { family: ubunto, version: "24.04" }\nlocale: de-DX\nhostnmae: x\n',
    );
    const run = await infinibay(['media', 'validate', '--spec', path]);
    expect(run.code).toBe(1);
    expect(run.out).toContain(`${path}: request: 5 faults\n`);
    expect(run.out).toContain(
      '  line 4, locale = de-DX\n    "de-DX" is not a known locale\n    → did you mean de-DE?\n',
    );
    expect(run.out).toContain('  line 5, hostnmae\n    unknown field\n    → did you mean hostname?\n');
  });

  it('ends with 0 and lists the warnings of a request that is right', async () => {
    const path = file(
      'warned.yaml',
      'vmId: 7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d\nhostname: a\nos: { family: rocky, version: "9" }\nvendorIso: /iso/r.iso\nnetwork: none\n',
    );
    const run = await infinibay(['media', 'validate', '--spec', path]);
    expect(run).toMatchObject({ code: 0, err: '' });
    expect(run.out).toContain(
      `${path}: request: no fault\n1 warning:\n  line 5, network = none\n    the machine`,
    );
    const told = await infinibay(['media', 'validate', '--spec', path, '--json']);
    expect(JSON.parse(told.out)).toMatchObject({
      faults: [],
      warnings: [{ path: 'network', value: 'none', line: 5, severity: 'warning' }],
    });
  });

  it('says the same as JSON', async () => {
    const run = await infinibay(
      ['media', 'validate', '--file', '-', '--for', 'f43', '--json'],
      {},
      'install\nrootpw hunter2\n',
    );
    expect(run.code).toBe(1);
    expect(JSON.parse(run.out)).toMatchObject({
      file: '-',
      family: 'kickstart',
      release: 'F43',
      faults: [
        { path: 'install', line: 1 },
        { path: 'rootpw', line: 2, remedy: expect.stringContaining('--iscrypted') },
      ],
    });
    expect(run.out).not.toContain('hunter2');
  });

  it('shows a note, which refuses nothing', async () => {
    const run = await infinibay(['media', 'validate', '--file', `${fixtures}/kickstart/RHEL10.ks.cfg`]);
    expect(run.code).toBe(0);
    expect(run.out).toContain('1 note:\n  line 18, %pre --erroronfail\n');
  });

  it.each([
    ['neither a spec nor a file', ['media', 'validate'], 'give either --spec FILE'],
    ['both', ['media', 'validate', '--spec', 'a', '--file', 'b'], 'give either --spec FILE'],
    [
      'a file that is not there',
      ['media', 'validate', '--file', '/nothing/here'],
      '/nothing/here: cannot be read (ENOENT)',
    ],
    ['a folder', ['media', 'validate', '--spec', fixtures], 'cannot be read (EISDIR)'],
    [
      'a release that is not known',
      ['media', 'validate', '--file', `${fixtures}/kickstart/F43.ks.cfg`, '--for', 'F39'],
      'did you mean F4',
    ],
    [
      'a release for Windows',
      ['media', 'validate', '--file', `${fixtures}/windows/w11-uefi.autounattend.xml`, '--for', 'F43'],
      'is for a kickstart',
    ],
    ['an unknown option', ['media', 'validate', '--flie', 'x'], 'unknown option'],
    ['an unknown command', ['media', 'delete'], 'unknown command'],
    ['no spec', ['media', 'create'], "required option '--spec <file>'"],
    ['a spec that is a list', ['media', 'plan', '--spec', '-'], 'must be a request in YAML or JSON'],
    [
      'an address that is none',
      ['media', 'plan', '--spec', `${fixtures}/requests/fedora.yaml`, '--url', 'console.lan'],
      'must be an http(s) URL',
    ],
    [
      'a token file that is not there',
      ['media', 'plan', '--spec', `${fixtures}/requests/fedora.yaml`, '--token-file', '/nothing'],
      '/nothing: the console',
    ],
  ])('ends with 2 for %s', async (_name, words, says) => {
    const run = await infinibay(words, {}, '- a\n');
    expect(run).toMatchObject({ code: 2, out: '' });
    expect(run.err).toContain(says);
  });

  it('ends with 2 for an environment that is wrong', async () => {
    const run = await infinibay(['media', 'plan', '--spec', `${fixtures}/requests/fedora.yaml`], {
      CONSOLE_URL: 'x',
    });
    expect(run).toMatchObject({ code: 2, out: '', err: 'CONSOLE_URL: must be an http(s) URL\n' });
  });

  it('prints help with the exit codes and ends with 0', async () => {
    const run = await infinibay(['media', 'create', '--help']);
    expect(run).toMatchObject({ code: 0, err: '' });
    expect(run.out).toContain('4  there is no token');
  });
});

describe('a console that is none, or says no', () => {
  let server: Server;
  let seen: { headers: IncomingMessage['headers']; body: string }[] = [];
  let answer: (response: ServerResponse) => void = () => undefined;
  let url = '';
  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        seen.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
        answer(response);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());
  beforeEach(() => {
    seen = [];
  });
  const json = (status: number, body: unknown) => (response: ServerResponse) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  const create = (env: NodeJS.ProcessEnv = { CONSOLE_TOKEN: 'canary-token' }): Promise<Run> =>
    infinibay(['media', 'create', '--spec', '-', '--url', url], env, spec(VM));

  it.each([
    ['unreachable', 3, (response: ServerResponse) => response.destroy(), 'does not answer at'],
    [
      'a page of HTML',
      3,
      (response: ServerResponse) => response.writeHead(200).end('<html>'),
      'is no console',
    ],
    ['another answer', 3, json(200, { hello: 1 }), 'its answer is no media result'],
    ['an error of another shape', 3, json(500, { error: 'x' }), 'answers 500 without an error'],
    [
      'sending on elsewhere',
      3,
      (response: ServerResponse) => response.writeHead(302, { location: 'http://evil.example/' }).end(),
      'sends on to http://evil.example/',
    ],
    [
      'busy',
      3,
      json(503, { code: 'bus.timeout', message: 'the media app does not answer: start it' }),
      'bus.timeout: the media app does not answer: start it',
    ],
    ['closed to us', 4, json(401, { code: 'auth.required', message: 'send the token' }), 'auth.required'],
    ['closed to our name', 4, json(403, { code: 'auth.host_refused', message: 'x' }), 'auth.host_refused'],
    [
      'of another opinion',
      1,
      json(409, { code: 'media.exists', message: 'delete it or send replace: true' }),
      'media.exists: delete it or send replace: true',
    ],
  ])('%s: ends with %i', async (_name, code, how, says) => {
    answer = how;
    const run = await create();
    expect(run).toMatchObject({ code, out: '' });
    expect(run.err).toContain(says);
    expect(run.err).not.toContain('canary-token');
    expect(seen).toHaveLength(1);
    expect(seen[0]?.headers.authorization).toBe('Bearer canary-token');
  });

  it('is not asked without a token: ends with 4', async () => {
    const run = await create({});
    expect(run).toMatchObject({ code: 4, out: '' });
    expect(run.err).toContain(`${folder}/console.token: the console's token cannot be read (ENOENT)`);
    const odd = await create({ CONSOLE_TOKEN: 'two\nlines' });
    expect(odd).toMatchObject({ code: 4, out: '' });
    expect(odd.err).not.toContain('lines\n');
    expect(seen).toEqual([]);
  });

  it('gets the token of --token-file first, then CONSOLE_TOKEN, CONSOLE_TOKEN_FILE and the base directory', async () => {
    answer = json(409, { code: 'media.exists', message: 'x' });
    const own = mkdtempSync(join(folder, 'base-'));
    writeFileSync(join(own, 'console.token'), 'from-base\n');
    const given = file('given.token', 'from-option\n');
    const named = file('named.token', 'from-file\n');
    const env = { INFINIBAY_BASE_DIR: own };
    await infinibay(
      ['media', 'create', '--spec', '-', '--url', url, '--token-file', given],
      { ...env, CONSOLE_TOKEN: 'from-env' },
      spec(VM),
    );
    await create({ ...env, CONSOLE_TOKEN: 'from-env', CONSOLE_TOKEN_FILE: named });
    await create({ ...env, CONSOLE_TOKEN_FILE: named });
    await create(env);
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer from-option',
      'Bearer from-env',
      'Bearer from-file',
      'Bearer from-base',
    ]);
  });

  it('is warned about when others could read the password on the way', async () => {
    const port = await freePort();
    const away = ['media', 'create', '--spec', '-', '--url', `http://0.0.0.0:${port}`];
    const run = await infinibay(
      away,
      { CONSOLE_TOKEN: 'canary-token' },
      spec(VM, 'users: [{ name: a, password: canary-word }]\n'),
    );
    expect(run.code).toBe(3);
    expect(run.err).toMatch(
      /^warning: http:\/\/0\.0\.0\.0:\d+ is neither https nor this machine: the token and the passwords/,
    );
    expect(run.err).not.toContain('canary');
  });
});

describe('a real console with its media app', () => {
  let media: TestMedia;
  let consoleApp: TestConsole;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    const url = `sqlite:${join(folder, 'test.db')}`;
    const database = await openDatabase(url);
    await migrateToLatest(database);
    await publishArtifacts(database);
    await database.close();
    media = await startMedia(url, { CONSOLE_TOKEN, SOURCE_DATE_EPOCH: '1700000000' });
    consoleApp = await startConsole(url);
    env = { CONSOLE_URL: consoleApp.url, CONSOLE_TOKEN };
  }, 60_000);
  afterAll(async () => {
    await consoleApp.stop();
    await media.stop();
  });

  it('plans a medium without making one', async () => {
    const run = await infinibay(
      ['media', 'plan', '--spec', '-'],
      env,
      spec('00000000-0000-4000-8000-000000000001'),
    );
    expect(run).toMatchObject({ code: 0, err: '' });
    expect(run.out).toMatch(/^dry run for machine 00000000-0000-4000-8000-000000000001: nothing was made\n/);
    expect(run.out).toMatch(/\n {2}seed\.iso +\S+ +\d+ +[0-9a-f]{64}\n/);
    const again = await infinibay(
      ['media', 'plan', '--spec', '-', '--json'],
      env,
      spec('00000000-0000-4000-8000-000000000001'),
    );
    const { id } = JSON.parse(again.out) as { id: string };
    expect((await consoleApp.request('GET', `/api/media/${id}`)).status).toBe(404);
  });

  it('makes a medium, says what to do with it, and refuses a second one in the words of the console', async () => {
    const vmId = '00000000-0000-4000-8000-000000000002';
    const path = file('create.yaml', spec(vmId, 'users: [{ name: ada, password: canary-word }]\n'));
    const run = await infinibay(['media', 'create', '--spec', path, '--json'], env);
    expect(run).toMatchObject({ code: 0, err: '' });
    const made = JSON.parse(run.out) as { id: string; files: { sha256: string }[] };
    const { body } = await consoleApp.request('GET', `/api/media/${made.id}`);
    expect(body).toEqual(made);
    expect(run.out).not.toContain('canary-word');

    const second = await infinibay(['media', 'create', '--spec', path], env);
    expect(second).toMatchObject({ code: 1, out: '' });
    expect(second.err).toContain(
      `media.exists: vmId: the machine has the medium ${made.id} already: delete it or send replace: true`,
    );
  });

  it('lists every issue that the console found', async () => {
    const run = await infinibay(
      ['media', 'create', '--spec', '-'],
      env,
      'vmId: x\nhostname: a_b\nos: { family: ubuntu, version: "24.04" }\nlocale: de-DX\n',
    );
    expect(run).toMatchObject({ code: 1, out: '' });
    expect(run.err).toMatch(/^request\.invalid: /);
    for (const path of ['vmId', 'hostname', 'locale']) expect(run.err).toContain(`\n  ${path}\n    `);
    expect(run.err).toContain('    → did you mean de-DE?\n');
  });

  it('tells what is different between two specs', async () => {
    const vmId = '00000000-0000-4000-8000-000000000003';
    const before = file('before.yaml', spec(vmId));
    const after = file(
      'after.yaml',
      `${spec(vmId).replace('cloud-image', 'installer')}timezone: Europe/Berlin\n`,
    );
    const run = await infinibay(['media', 'plan', '--spec', after, '--against', before], env);
    expect(run).toMatchObject({ code: 0, err: '' });
    expect(run.out).toContain(`--- ${before} (request)\n+++ ${after} (request)\n`);
    expect(run.out).toContain('-source: cloud-image\n+source: installer\n');
    expect(run.out).toContain('+  kernel: /casper/vmlinuz\n');
    const asJson = JSON.parse(
      (await infinibay(['media', 'plan', '--spec', after, '--against', before, '--json'], env)).out,
    ) as {
      diff: { request: string };
    };
    expect(asJson.diff.request).toContain('+timezone: Europe/Berlin\n');
  });

  it('does not take a wrong token: ends with 4', async () => {
    const run = await infinibay(
      ['media', 'plan', '--spec', '-'],
      { ...env, CONSOLE_TOKEN: 'wrong-canary-token' },
      spec(VM),
    );
    expect(run).toMatchObject({ code: 4, out: '' });
    expect(run.err).toContain('auth.required');
    expect(run.err).not.toContain('wrong-canary-token');
  });
});

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { command } from '../../../../test/support/processes/commands.js';
import { EventServer } from '../../../../test/support/servers/event-server.js';
import { start } from '../../../../test/support/processes/processes.js';
import { shWord } from '../../escape.js';
import { REPORT_FUNCTION, type Reporting, reportSettings } from './reporting.js';

const TOKEN = 'canary-token_0123456789';
const folder = mkdtempSync(join(tmpdir(), 'infinibay-reports-'));
const events = new EventServer();
let url = '';

beforeAll(async () => {
  url = await events.listen();
});
beforeEach(() => {
  events.reports.length = 0;
  events.status = 204;
});
afterAll(async () => {
  await events.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Anaconda has bash and gawk, Ubuntu's live server dash and mawk; smallest images may have no curl. */
const SYSTEMS = [
  { shell: 'dash', awk: 'mawk', client: 'curl' },
  { shell: 'bash', awk: 'gawk', client: 'curl' },
  { shell: 'dash', awk: 'mawk', client: 'wget' },
];
type System = (typeof SYSTEMS)[number];
const FIRST = SYSTEMS[0] as System;

function pathWith({ awk, client }: System): string {
  const bin = join(folder, `${awk}-${client}`);
  mkdirSync(bin, { recursive: true });
  const link = (name: string, target: string): void => {
    rmSync(join(bin, name), { force: true });
    symlinkSync(`/usr/bin/${target}`, join(bin, name));
  };
  for (const name of ['head', 'tail', 'od', 'mktemp', 'timeout', 'rm', client]) link(name, name);
  link('awk', awk);
  return bin;
}

/** A program that reports once. */
function reportCommand(
  reporting: Reporting,
  phase: string,
  more: { reason?: string; log?: string } = {},
): string {
  const words = [phase, more.reason ?? '', more.log ?? ''].map(shWord).join(' ');
  return `${reportSettings(reporting)}${REPORT_FUNCTION}\nreport ${words}\n`;
}

/** Not synchronously: the server is this process. */
async function run(
  script: string,
  system = FIRST,
  path = pathWith(system),
): Promise<{ code: number | null; output: string }> {
  const file = join(folder, 'script.sh');
  writeFileSync(file, `set -eu\n${script}\necho went on\n`);
  const running = start('env', ['-i', `PATH=${path}`, `/usr/bin/${system.shell}`, file]);
  return { code: await running.exited, output: running.output() };
}

const WENT_ON = { code: 0, output: 'went on\n' };
/** What UTF-8 decoding makes of bytes, by the platform's own decoder; databases refuse U+0000. */
const decoded = (bytes: Uint8Array): string =>
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes).replaceAll('\0', '\uFFFD');

describe.each(SYSTEMS)('a report from $shell with $awk and $client', (system) => {
  const log = join(folder, 'install.log');
  const send = async (bytes: Uint8Array): Promise<string | undefined> => {
    events.reports.length = 0;
    writeFileSync(log, bytes);
    expect(await run(reportCommand({ url, token: TOKEN }, 'failed', { reason: 'r', log }), system)).toEqual(
      WENT_ON,
    );
    expect(events.reports[0]?.bytes.every((byte) => byte >= 32 && byte < 127)).toBe(true);
    return events.bodies()[0]?.['logTail'];
  };

  it('says phase, reason and log with the token of its machine', async () => {
    writeFileSync(log, 'last words\n');
    await run(reportCommand({ url, token: TOKEN }, 'failed', { reason: 'no disk', log }), system);
    expect(events.reports).toHaveLength(1);
    expect(events.reports[0]).toMatchObject({
      method: 'POST',
      path: '/install/events',
      authorization: `Bearer ${TOKEN}`,
      contentType: 'application/json',
    });
    expect(events.bodies()).toEqual([{ phase: 'failed', reason: 'no disk', logTail: 'last words\n' }]);
  });

  it.each([
    ['quotes and backslashes', `"'\\\\"\\u0041\\n $(reboot) \`id\` \${HOME} %s %d\n`],
    ['newlines and control characters', '\r\n\t\v\f\b\u0001\u001f\u007f\u0000\u001b[0m'],
    ['text of every width', 'a\u00e4\u07ff\u0800\u20ac\uffff\u{10000}\u{1f99c}\u{10ffff}\u2028\u0085\ufeff'],
  ])('carries %s as they are', async (_name, text) => {
    expect(await send(Buffer.from(text))).toBe(text.replaceAll('\0', '\uFFFD'));
  });

  it.each([
    ['bytes that begin nothing', [0x41, 0x80, 0xbf, 0xc0, 0xc1, 0xf5, 0xff, 0x42]],
    ['characters cut short', [0xc3, 0x41, 0xe2, 0x82, 0x41, 0xf0, 0x9f, 0xa6]],
    ['longer forms than need be', [0xe0, 0x80, 0x80, 0xf0, 0x80, 0x80, 0x80]],
    ['halves of surrogate pairs', [0xed, 0xa0, 0x80, 0xed, 0xbf, 0xbf]],
    ['what lies past Unicode', [0xf4, 0x90, 0x80, 0x80]],
  ])('puts U+FFFD for %s, as a decoder does', async (_name, bytes) => {
    expect(await send(Uint8Array.from(bytes))).toBe(decoded(Uint8Array.from(bytes)));
  });

  it('carries any bytes at all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
        expect(await send(bytes)).toBe(decoded(bytes));
      }),
      { numRuns: 25 },
    );
  });

  it('carries the end of a long log and the beginning of a long reason', async () => {
    writeFileSync(log, `${'x'.repeat(100_000)}the end`);
    await run(reportCommand({ url, token: TOKEN }, 'failed', { reason: 'y'.repeat(50_000), log }), system);
    const [body] = events.bodies();
    expect(body?.['logTail']).toBe(`${'x'.repeat(4089)}the end`);
    expect(body?.['reason']).toBe('y'.repeat(2048));
  });
});

describe('a report never ends an installation, when', () => {
  const failed = (reporting = { url, token: TOKEN }, more = {}): string =>
    reportCommand(reporting, 'failed', more);

  it('nobody listens', async () => {
    expect(await run(failed({ url: 'http://127.0.0.1:1/', token: TOKEN }))).toEqual(WENT_ON);
  });
  it('the server answers with an error', async () => {
    events.status = 500;
    expect(await run(failed())).toEqual(WENT_ON);
    expect(events.phases()).toEqual(['failed']);
  });
  it('the server never answers', async () => {
    const held: Socket[] = [];
    const silent = createServer((socket) => held.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    // Its own deadline is 15 seconds; a shorter one shows the same.
    const script = failed({ url: `http://127.0.0.1:${port}/`, token: TOKEN }).replace(
      '--max-time 15',
      '--max-time 1',
    );
    expect(await run(script)).toEqual(WENT_ON);
    expect(held.length).toBeGreaterThan(0);
    held.forEach((socket) => socket.destroy());
    silent.close();
  });
  it('the log is not there', async () => {
    expect(await run(failed(undefined, { log: '/nowhere' }))).toEqual(WENT_ON);
    expect(events.bodies()).toEqual([{ phase: 'failed' }]);
  });
  it('curl, awk or od are missing', async () => {
    const bin = join(folder, 'bare');
    mkdirSync(bin);
    for (const program of ['head', 'tail', 'curl']) symlinkSync(`/usr/bin/${program}`, join(bin, program));
    const only = (script: string): string => `PATH=${bin}\n${script}`;
    expect(await run(only(failed(undefined, { reason: 'r' })))).toEqual(WENT_ON);
    expect(events.bodies()).toEqual([{ phase: 'failed' }]);
    rmSync(join(bin, 'curl'));
    expect(await run(only(failed()))).toEqual(WENT_ON);
    expect(events.reports).toHaveLength(1);
  });
  it('it is not asked for', async () => {
    expect(await run(`${REPORT_FUNCTION}\nreport failed`)).toEqual(WENT_ON);
    expect(events.reports).toHaveLength(0);
  });
  it("there is busybox's wget alone, to which the token would be an argument", async () => {
    const bin = join(folder, 'busybox');
    mkdirSync(bin);
    for (const program of ['head', 'tail', 'od', 'awk', 'mktemp', 'timeout', 'rm', 'wget'])
      symlinkSync('/usr/bin/busybox', join(bin, program));
    expect(await run(failed(), undefined, bin)).toEqual(WENT_ON);
    expect(events.reports).toHaveLength(0);
  });
});

it.each(SYSTEMS)(
  'keeps its token out of the arguments that others can read, with $client',
  async (system) => {
    const bin = join(folder, `spy-${system.client}`);
    mkdirSync(bin, { recursive: true });
    writeFileSync(
      join(bin, system.client),
      `#!/bin/sh
printf '%s\\n' "$@" >>'${folder}/arguments'
exec /usr/bin/${system.client} "$@"
`,
      { mode: 0o755 },
    );
    writeFileSync(join(folder, 'arguments'), '');
    const { code } = await run(
      reportCommand({ url, token: TOKEN }, 'booted'),
      system,
      `${bin}:${pathWith(system)}`,
    );
    expect(code).toBe(0);
    expect(command('cat', [join(folder, 'arguments')])).toMatch(/--quiet|--silent/);
    expect(command('cat', [join(folder, 'arguments')])).not.toContain(TOKEN);
    expect(events.reports).toMatchObject([{ method: 'POST', authorization: `Bearer ${TOKEN}` }]);
  },
);

it('tells whether it arrived, for one who wants to know', async () => {
  const script = `${reportSettings({ url, token: TOKEN })}${REPORT_FUNCTION}
try_report first-boot && echo arrived`;
  expect((await run(script)).output).toBe('arrived\nwent on\n');
  events.status = 503;
  expect((await run(`${script} || echo lost`)).output).toBe('lost\nwent on\n');
});

it('is sh that shellcheck takes, whatever the words', () => {
  const file = join(folder, 'check.sh');
  const phase = 'failed';
  writeFileSync(
    file,
    reportCommand({ url: `http://h/$(x)'"`, token: TOKEN }, phase, { reason: `it's "$x"`, log: '/a b' }),
  );
  // The words are quoted on purpose: nothing in them is to be expanded.
  for (const shell of ['sh', 'dash', 'bash']) command('shellcheck', ['-e', 'SC2016', '-s', shell, file]);
});

import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeInPowerShell, runPowerShell } from '../../../../test/support/pwsh/pwsh.js';
import { EventServer } from '../../../../test/support/servers/event-server.js';
import {
  type Answer,
  BODY,
  HOSTILE,
  HostileServer,
} from '../../../../test/support/servers/hostile-server.js';
import { waitFor } from '../../../../test/support/wait.js';
import { HTTP_SCRIPT } from './setup-scripts.js';

const folder = mkdtempSync(join(tmpdir(), 'infinibay-http-'));
const server = new HostileServer();
const events = new EventServer();
let reports = '';
beforeAll(async () => {
  await server.listen();
  reports = await events.listen();
});
afterAll(async () => {
  await server.close();
  await events.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Outcome {
  name: string;
  /** Null: it went well. */
  fault: string | null;
  seconds: number;
}

/** One PowerShell for all of them; the drive C: is known to PowerShell alone. */
async function outcomes(calls: Record<string, string>): Promise<Map<string, Outcome>> {
  const words = Object.entries(calls).map(
    ([name, call]) => `$watch = [Diagnostics.Stopwatch]::StartNew(); $fault = $null
try { $null = ${call} } catch { $fault = $_.Exception.Message }
ConvertTo-Json -Compress @{ name = '${name}'; fault = $fault; seconds = $watch.Elapsed.TotalSeconds }`,
  );
  const { code, output } = await runPowerShell(`$ErrorActionPreference = 'Stop'
$null = New-PSDrive -Name C -PSProvider FileSystem -Root '${folder}' -Scope Global
${HTTP_SCRIPT}\n${words.join('\n')}`);
  expect([code, output]).toEqual([0, expect.stringMatching(/^\{/)]);
  const lines = output.trim().split('\n');
  return new Map(lines.map((line) => JSON.parse(line) as Outcome).map((outcome) => [outcome.name, outcome]));
}

const fileOf = (answer: Answer): string => join(folder, answer.replaceAll(' ', '-'));
const receive = (answer: Answer, more = ''): string =>
  `Receive-File '${server.urlOf(answer)}' 'C:\\${answer.replaceAll(' ', '-')}' ${BODY.length} -Seconds 2 ${more}`;

describeInPowerShell('a download in PowerShell', () => {
  const GOOD = ['good', 'good without a length'] as const;
  let of: Map<string, Outcome>;
  beforeAll(async () => {
    of = await outcomes(Object.fromEntries([...GOOD, ...HOSTILE].map((answer) => [answer, receive(answer)])));
  }, 120_000);

  it.each(GOOD)('is whole: %s', (answer) => {
    expect(of.get(answer)?.fault).toBeNull();
    expect(readFileSync(fileOf(answer)).equals(BODY)).toBe(true);
  });

  it.each(HOSTILE)('from a server that is %s ends, and takes no more than was asked for', (answer) => {
    expect(of.get(answer)?.fault).toMatch(/./);
    expect(of.get(answer)?.seconds).toBeLessThan(30);
    expect(statSync(fileOf(answer)).size).toBeLessThanOrEqual(BODY.length);
  });

  it.each([
    ['short', `of ${BODY.length} bytes 5 came`],
    ['endless', `the server has more than the ${BODY.length} bytes`],
    ['dripping', 'it is too slow'],
  ] as const)('says why it failed: %s', (answer, words) => {
    expect(of.get(answer)?.fault).toContain(words);
  });

  it('leaves no connection', async () => {
    await waitFor(() => server.open() === 0, { what: 'all connections are closed' });
  });

  it('shows the server its token', async () => {
    await outcomes({ with: receive('good', "-Token 'a-token_0'"), without: receive('good') });
    const [told, untold] = server.requests.slice(-2);
    expect(told).toMatch(/^Authorization: Bearer a-token_0\r$/m);
    expect(untold).not.toMatch(/authorization/i);
  }, 60_000);
});

describeInPowerShell('a report in PowerShell', () => {
  const send = (url: string): string =>
    `Send-Json '${url}' ([Text.Encoding]::UTF8.GetBytes('{"phase":"x"}')) 'a-token_0' 2`;

  it('arrives, whatever the answer holds, and ends where there is none', async () => {
    const unheard = ['silent', 'dripping in its head', 'refusing'] as const;
    const heard = ['endless', 'dripping'] as const;
    const calls = [...unheard, ...heard].map((answer) => [answer, send(server.urlOf(answer))]);
    const of = await outcomes({ good: send(reports), ...Object.fromEntries(calls) });
    for (const answer of unheard)
      expect([answer, of.get(answer)?.fault]).toEqual([answer, expect.any(String)]);
    for (const answer of ['good', ...heard]) expect([answer, of.get(answer)?.fault]).toEqual([answer, null]);
    for (const { seconds } of of.values()) expect(seconds).toBeLessThan(30);
    await waitFor(() => server.open() === 0, { what: 'all connections are closed' });
    expect(events.reports).toEqual([
      expect.objectContaining({ method: 'POST', authorization: 'Bearer a-token_0' }),
    ]);
    expect(events.reports[0]?.contentType).toMatch(/^application\/json/);
    expect(events.bodies()).toEqual([{ phase: 'x' }]);
  }, 120_000);
});

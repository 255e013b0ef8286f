import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { powershellReader } from '../../../test/support/windows/powershell.js';
import { openWine, type Wine } from '../../../test/support/windows/wine.js';
import { bootstrapScript } from './bootstrap.js';

const URL = 'http://192.0.2.1:4000/infiniservice/run/abc';
const folder = mkdtempSync(join(tmpdir(), 'infinibay-bootstrap-'));
let wine: Wine;
beforeAll(async () => {
  wine = await openWine();
}, 240_000);
afterAll(async () => {
  await wine.stop();
  rmSync(folder, { recursive: true, force: true });
});

it('what fetches a script is PowerShell in both shells, with the address and the hash of what is meant', async () => {
  const faults = await powershellReader();
  for (const shell of ['POWERSHELL', 'CMD'] as const) {
    const text = bootstrapScript(shell, URL, 'content');
    const statements = shell === 'CMD' ? (/-Command "(.*)"\r\n/.exec(text)?.[1] ?? '') : text;
    expect(faults(statements)).toEqual([]);
    expect(statements).toContain(`DownloadData('${URL}')`);
    expect(statements).toContain(createHash('sha256').update('content').digest('hex'));
  }
});

// Wine's cmd says 1 for every exit code of a batch file that is not 0.
it.each([
  [0, 0],
  [97, 1],
])('bootstrap.cmd hands all statements to PowerShell, and ends with %d as it does', (code, ended) => {
  writeFileSync(join(folder, 'stand-in.cmd'), `@echo %*\r\n@exit /b ${code}\r\n`);
  const text = bootstrapScript('CMD', URL, 'content');
  writeFileSync(join(folder, 'script.cmd'), text.replace('@powershell.exe', '@call stand-in.cmd'));
  const { code: exit, output } = wine.run(['cmd', '/c', 'script.cmd'], { cwd: folder });
  expect([exit, output.trim()]).toEqual([ended, /-NoProfile.*"/.exec(text)?.[0]]);
});

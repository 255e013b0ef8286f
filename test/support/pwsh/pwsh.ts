import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { start } from '../processes/processes.js';

const root = resolve(import.meta.dirname, '../../..');
const PLACES = ['$PWSH', 'pwsh on PATH', '../shared/tools/pwsh/pwsh'] as const;

/** A PowerShell of this machine, or null: $PWSH before PATH, then one that lies beside the project. */
export const pwsh: string | null =
  [
    process.env['PWSH'] ?? '',
    ...(process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'pwsh')),
    resolve(root, PLACES[2]),
  ].find((path) => path !== '' && existsSync(path)) ?? null;

/**
 * A `describe` whose tests run our scripts in a real PowerShell. Where there is none they are left out, and a
 * line says so: it is no package of Debian. That the texts are PowerShell is tested everywhere, by a grammar.
 */
export function describeInPowerShell(name: string, tests: () => void): void {
  if (pwsh !== null) return describe(name, tests);
  process.stderr.write(`left out: ${name}: no PowerShell (looked for: ${PLACES.join(', ')})\n`);
  // Not skipped: a run in which tests are skipped is red.
  describe(name, () => {
    it('is left out: there is no PowerShell here', () => {
      expect(pwsh).toBeNull();
    });
  });
}

/** Runs a text in PowerShell; what it prints on either stream is the output. */
export async function runPowerShell(
  text: string,
  options: { env?: Record<string, string>; cwd?: string } = {},
): Promise<{ code: number | null; output: string }> {
  // It keeps a cache in its home.
  const home = mkdtempSync(join(tmpdir(), 'infinibay-pwsh-'));
  try {
    const running = start(pwsh ?? 'pwsh', ['-NoProfile', '-NonInteractive', '-Command', text], {
      env: {
        PATH: process.env['PATH'],
        HOME: home,
        ...{ NO_COLOR: '1', POWERSHELL_TELEMETRY_OPTOUT: '1', POWERSHELL_UPDATECHECK: 'Off' },
        ...options.env,
      },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    return { code: await running.exited, output: running.output() };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

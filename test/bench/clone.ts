import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from '../support/processes/commands.js';
import { freePort } from '../support/processes/processes.js';
import type { Figure } from './figures.js';

/**
 * What a newcomer waits for: a fresh clone, packages, both compilations, the demonstration's first result.
 */
export async function benchClone(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'infinibay-clone-'));
  const [port, consolePort] = [await freePort(), await freePort()];
  try {
    command('git', ['clone', '-q', process.cwd(), join(folder, 'suite')]);
    const run = (): number => {
      const begun = performance.now();
      const { status, stdout } = spawnSync('npm', ['start', '--', '--once'], {
        cwd: join(folder, 'suite'),
        encoding: 'utf8',
        env: { ...process.env, PORT: String(port), CONSOLE_PORT: String(consolePort) },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      if (status !== 0) throw new Error(`npm start failed:\n${stdout.slice(-4000)}`);
      return (performance.now() - begun) / 1000;
    };
    const first = run();
    const second = run();
    return [
      {
        what: 'fresh clone to the first result of npm start',
        value: first,
        unit: 's',
        target: 240,
        against: { what: 'npm start again', value: second },
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { command, packageVersion } from '../processes/commands.js';
import { type Running, start } from '../processes/processes.js';
import { cached } from '../qemu/cache.js';

const WINE = '/usr/lib/wine/wine64';
const SERVER = '/usr/lib/wine/wineserver64';

export interface Wine {
  /** Makes a folder a drive of this Windows, in place of what the letter was. */
  drive(letter: string, folder: string): void;
  /** Runs a program to its end. */
  run(args: string[], options?: { cwd?: string; path?: string }): { code: number | null; output: string };
  /** Starts a program that may never end. */
  start(args: string[], options?: { path?: string }): Running;
  stop(): Promise<void>;
}

/**
 * Debian's Wine with a prefix of its own: Windows' cmd and VBScript as another implementation has them. Its
 * files are made once and kept; each caller has links to them and a registry of its own, so that none ends or
 * changes the Windows of another.
 */
export async function openWine(): Promise<Wine> {
  if (!existsSync(WINE)) throw new Error('Wine is missing: apt-get install wine64');
  const environment = (prefix: string, path?: string): NodeJS.ProcessEnv => ({
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    WINEPREFIX: prefix,
    WINEDEBUG: '-all',
    // No questions about Mono and Gecko.
    WINEDLLOVERRIDES: 'mscoree=d;mshtml=d',
    ...(path === undefined ? {} : { WINEPATH: path }),
  });
  const made = await cached('wine-prefix', [packageVersion('wine64')], (folder) => {
    const { status, stderr } = spawnSync(WINE, ['wineboot', '--init'], {
      env: environment(folder),
      encoding: 'utf8',
      timeout: 180_000,
    });
    if (status !== 0) throw new Error(`wineboot failed: ${stderr}`);
    spawnSync(SERVER, ['--wait'], { env: environment(folder), timeout: 60_000 });
  });
  const prefix = mkdtempSync(join(dirname(made), 'wine-session-'));
  command('cp', ['--archive', '--link', `${made}/.`, prefix]);
  // Wine writes a file that has several links in place.
  for (const registry of readdirSync(prefix).filter((name) => name.endsWith('.reg'))) {
    rmSync(join(prefix, registry));
    copyFileSync(join(made, registry), join(prefix, registry));
  }
  // One server for all programs: each of them would start one of its own, which takes seconds.
  const server = start(SERVER, ['--foreground', '--persistent'], { env: environment(prefix) });
  // Its services start with the first program and keep that one's output open.
  spawnSync(WINE, ['wineboot'], { env: environment(prefix), stdio: 'ignore', timeout: 60_000 });
  return {
    drive: (letter, folder) => {
      const link = join(prefix, 'dosdevices', `${letter.toLowerCase()}:`);
      rmSync(link, { force: true });
      symlinkSync(folder, link);
    },
    run: (args, { cwd, path } = {}) => {
      const { status, stdout, stderr, error } = spawnSync(WINE, args, {
        env: environment(prefix, path),
        cwd,
        encoding: 'utf8',
        timeout: 60_000,
      });
      if (error) throw new Error(`${args.join(' ')}: ${error.message}: ${stdout}${stderr}`);
      return { code: status, output: (stdout + stderr).replaceAll('\r\n', '\n') };
    },
    start: (args, { path } = {}) => start(WINE, args, { env: environment(prefix, path) }),
    stop: async () => {
      await server.stop('SIGTERM');
      rmSync(prefix, { recursive: true, force: true });
    },
  };
}

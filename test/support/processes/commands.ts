import { execFileSync } from 'node:child_process';

/** Runs a program to its end. @throws Error with what it printed, which a bare exit code does not tell */
export function command(
  program: string,
  args: string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): string {
  try {
    return execFileSync(program, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 64 * 1024 * 1024,
      ...options,
    });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(' ')} failed:\n${stdout ?? ''}${stderr ?? String(error)}`, {
      cause: error,
    });
  }
}

/** The version that apt would install, to key caches by. */
export function packageVersion(name: string): string {
  return /Candidate: (\S+)/.exec(command('apt-cache', ['policy', name]))?.[1] ?? 'unknown';
}

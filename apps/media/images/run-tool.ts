import { spawn } from 'node:child_process';
import { AppError } from '#runtime';

export interface ToolOptions {
  /** Debian's package of it. */
  package: string;
  deadlineMs: number;
  env?: Record<string, string>;
  /** The exit code is told instead of thrown. */
  acceptFailure?: boolean;
}

/**
 * Runs an image tool to its end with an argument list, in UTC and the C locale.
 * @throws AppError `media.tool_missing` (503) with the command to type, `media.image_failed` (500) with what the tool said
 */
export function runTool(
  program: string,
  args: string[],
  { package: debian, deadlineMs, env = {}, acceptFailure = false }: ToolOptions,
): Promise<{ code: number | null; said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: deadlineMs,
      env: {
        PATH: '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin',
        LC_ALL: 'C',
        TZ: 'UTC',
        ...env,
      },
    });
    let said = '';
    const take = (chunk: Buffer): void => {
      said = (said + chunk.toString()).slice(-64_000);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'ENOENT'
          ? new AppError(
              'media.tool_missing',
              503,
              `${program} is missing, which this medium needs: apt-get install ${debian}`,
              { cause: error },
            )
          : error,
      );
    });
    child.once('close', (code, signal) => {
      if (code === 0 || (acceptFailure && code !== null)) resolve({ code, said });
      else
        reject(
          new AppError(
            'media.image_failed',
            500,
            `${program} failed (${signal ? `ended by ${signal}` : `exit code ${code}`}): ${said.trim().slice(-1000)}`,
          ),
        );
    });
  });
}

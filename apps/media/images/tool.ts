import { spawn } from 'node:child_process';
import { AppError } from '#runtime';

const DEADLINE_MS = 60_000;

/** A program that writes images, and the packages it comes in. */
export interface Tool {
  name: string;
  does: string;
  debian: string;
  fedora: string;
}

export const XORRISO: Tool = {
  name: 'xorriso',
  does: 'writes ISO images',
  debian: 'xorriso',
  fedora: 'xorriso',
};
export const GRUB_MKIMAGE: Tool = {
  name: 'grub-mkimage',
  does: 'makes boot loaders',
  debian: 'grub-common grub-pc-bin grub-efi-amd64-bin',
  fedora: 'grub2-tools-extra grub2-pc-modules grub2-efi-x64-modules',
};
export const MKFS_FAT: Tool = {
  name: 'mkfs.fat',
  does: 'makes FAT images',
  debian: 'dosfstools',
  fedora: 'dosfstools',
};
export const MCOPY: Tool = { name: 'mcopy', does: 'fills FAT images', debian: 'mtools', fedora: 'mtools' };
export const MMD: Tool = { ...MCOPY, name: 'mmd' };
export const MTYPE: Tool = { ...MCOPY, name: 'mtype' };

/**
 * Runs it to its end, with a deadline and in a time that gives the same bytes again.
 * @param sourceDateEpoch seconds since 1970, for the dates inside what it writes
 * @returns what it printed on standard output
 * @throws AppError `media.<name>_missing` (503) with the command to type, `media.image_failed` (500) with what it said
 */
export function runTool(
  tool: Tool,
  args: string[],
  { sourceDateEpoch, deadlineMs = DEADLINE_MS }: { sourceDateEpoch: number; deadlineMs?: number },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool.name, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: deadlineMs,
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        SOURCE_DATE_EPOCH: String(sourceDateEpoch),
        TZ: 'UTC',
        // mtools: names as they are, no questions, no check of the geometry.
        MTOOLS_SKIP_CHECK: '1',
      },
    });
    const printed: Buffer[] = [];
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => printed.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4000);
    });
    child.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'ENOENT'
          ? new AppError(
              `media.${tool.name.replace(/\W/g, '_')}_missing`,
              503,
              `${tool.name} is missing, which ${tool.does}: apt-get install ${tool.debian} (Fedora: dnf install ${tool.fedora})`,
            )
          : error,
      );
    });
    child.once('close', (code, signal) => {
      if (code === 0) return resolve(Buffer.concat(printed).toString());
      const reasons = said.split('\n').filter((line) => /FATAL|FAILURE|No space|error|cannot/i.test(line));
      const ended = signal ? `ended by ${signal} after ${deadlineMs} ms at most` : `exit code ${code}`;
      reject(
        new AppError(
          'media.image_failed',
          500,
          `${tool.name} could not write the image: ${reasons.join('; ').slice(0, 500) || ended}`,
        ),
      );
    });
  });
}

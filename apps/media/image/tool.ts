import { spawn } from 'node:child_process';
import { type AppError } from '#runtime';
import { type MEDIA_CODES, MediaError } from '../codes.js';

const DEADLINE_MS = 120_000;
/** What is kept of each stream; a menu or a list of names has some kilobytes. */
const MAX_PRINTED = 1_048_576;

/** A program that reads or writes images, and the packages it comes in. */
export interface Tool {
  name: string;
  /** The code that says that it is not there. */
  missing: keyof typeof MEDIA_CODES & `media.${string}_missing`;
  does: string;
  debian: string;
  fedora: string;
}

export const XORRISO: Tool = {
  name: 'xorriso',
  missing: 'media.xorriso_missing',
  does: 'reads and writes ISO images',
  debian: 'xorriso',
  fedora: 'xorriso',
};
export const GRUB_MKIMAGE: Tool = {
  name: 'grub-mkimage',
  missing: 'media.grub_mkimage_missing',
  does: 'makes boot loaders',
  debian: 'grub-common grub-pc-bin grub-efi-amd64-bin',
  fedora: 'grub2-tools-extra grub2-pc-modules grub2-efi-x64-modules',
};
export const MCOPY: Tool = {
  name: 'mcopy',
  missing: 'media.mcopy_missing',
  does: 'reads FAT images',
  debian: 'mtools',
  fedora: 'mtools',
};
export const MTYPE: Tool = { ...MCOPY, name: 'mtype', missing: 'media.mtype_missing' };

export interface ToolRun {
  /** Seconds since 1970, for the dates inside what it writes. */
  sourceDateEpoch?: number;
  /** It is ended after that; 120 000 unless told. */
  deadlineMs?: number;
  /** A code other than 0 is told instead of thrown. */
  acceptFailure?: boolean;
}

export interface ToolResult {
  code: number;
  /** Its standard output, the last MiB. */
  printed: string;
  /** Its standard error, the last MiB. */
  said: string;
}

/**
 * Runs it to its end with an argument list, in UTC and the C locale with UTF-8 names.
 * @throws AppError `media.<name>_missing` (503) with the command to type, `media.image_failed` (500) with
 * what it said
 */
export function runTool(
  tool: Tool,
  args: string[],
  { sourceDateEpoch, deadlineMs = DEADLINE_MS, acceptFailure = false }: ToolRun = {},
): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool.name, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        LC_ALL: 'C.UTF-8',
        TZ: 'UTC',
        ...(sourceDateEpoch === undefined ? {} : { SOURCE_DATE_EPOCH: String(sourceDateEpoch) }),
        // mtools: nobody's own settings, no check of the geometry.
        MTOOLSRC: '/dev/null',
        MTOOLS_SKIP_CHECK: '1',
      },
    });
    // Not Node's own `timeout`: where there is no such program, that one keeps the process to its end.
    const deadline = setTimeout(() => child.kill(), deadlineMs);
    let printed = '';
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed = (printed + text).slice(-MAX_PRINTED);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-MAX_PRINTED);
    });
    child.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(deadline);
      reject(error.code === 'ENOENT' ? missing(tool, error) : error);
    });
    child.once('close', (code, signal) => {
      clearTimeout(deadline);
      if (code === 0 || (acceptFailure && code !== null)) return resolve({ code, printed, said });
      const ended = signal ? `ended by ${signal} after ${deadlineMs} ms at most` : `exit code ${code}`;
      reject(
        new MediaError('media.image_failed', `${tool.name} failed (${ended}): ${reasons(said, printed)}`),
      );
    });
  });
}

function missing(tool: Tool, cause: unknown): AppError {
  return new MediaError(
    tool.missing,
    `${tool.name} is missing, which ${tool.does}: apt-get install ${tool.debian} (Fedora: dnf install ${tool.fedora})`,
    { cause },
  );
}

/**
 * xorriso says much before and after the line that tells why; others say only that, mkfs.fat and mtools
 * sometimes on the other stream.
 */
function reasons(said: string, printed: string): string {
  const lines = `${said}\n${printed}`.split('\n').filter((line) => line.trim() !== '');
  const telling = lines.filter((line) => /FATAL|FAILURE|No space|error|cannot/i.test(line));
  return (telling.length > 0 ? telling : lines.slice(-5)).join('; ').slice(0, 500) || 'it said nothing';
}

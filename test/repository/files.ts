import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');

/**
 * Files that are committed, relative to the root; those that were deleted but not yet committed are left out.
 */
export function committedFiles(): string[] {
  const list = (...options: string[]): string[] =>
    execFileSync('git', ['ls-files', '-z', ...options], { cwd: root, encoding: 'utf8' })
      .split('\0')
      .filter(Boolean);
  const deleted = new Set(list('--deleted'));
  return list().filter((path) => !deleted.has(path));
}

export const read = (path: string): string => readFileSync(join(root, path), 'utf8');

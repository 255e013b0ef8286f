import { copyFile, chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CopiedFile, SeedFile } from '../core/answer.js';
import { syncFile } from './seed-image.js';

/** Writes text files and copies others into a new folder (files 0600, folders 0700), and makes all durable. @returns the names at its root */
export async function writeSeedTree(
  folder: string,
  files: SeedFile[],
  copied: CopiedFile[] = [],
): Promise<string[]> {
  await mkdir(folder, { mode: 0o700 });
  for (const { name, content } of files) {
    await mkdir(dirname(join(folder, name)), { recursive: true, mode: 0o700 });
    await writeFile(join(folder, name), content, { mode: 0o600, flush: true });
  }
  for (const { name, from } of copied) {
    const target = join(folder, name);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await copyFile(from, target);
    await chmod(target, 0o600);
    await syncFile(target);
  }
  return (await readdir(folder)).sort();
}

/** Folders and files below a folder, each sorted, with `/` between; folders come before what they hold. */
export async function listTree(folder: string): Promise<{ folders: string[]; files: string[] }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const path = (entry: { parentPath: string; name: string }): string =>
    join(entry.parentPath, entry.name).slice(folder.length + 1);
  return {
    folders: entries
      .filter((entry) => entry.isDirectory())
      .map(path)
      .sort(),
    files: entries
      .filter((entry) => entry.isFile())
      .map(path)
      .sort(),
  };
}

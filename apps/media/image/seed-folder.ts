import { chmod, copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CopiedFile, SeedFile } from '../families/seed-file.js';

/**
 * Writes text files and copies others into a new folder (files 0600, folders 0700). They are not made
 * durable: an image is made of them, and they go.
 * @returns their names, sorted
 */
export async function writeSeedFolder(
  folder: string,
  files: SeedFile[],
  copied: CopiedFile[] = [],
): Promise<string[]> {
  await mkdir(folder, { mode: 0o700 });
  const parents = new Set([...files, ...copied].map(({ name }) => dirname(join(folder, name))));
  for (const parent of parents) await mkdir(parent, { recursive: true, mode: 0o700 });
  for (const { name, content } of files) await writeFile(join(folder, name), content, { mode: 0o600 });
  for (const { name, from } of copied) {
    await copyFile(from, join(folder, name));
    await chmod(join(folder, name), 0o600);
  }
  return [...files, ...copied].map(({ name }) => name).sort();
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

import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MediaError } from '../../codes.js';
import { fatLayout } from './fat.js';
import { FatError } from './fat-folder.js';
import { listTree } from '../seed-folder.js';
import { MCOPY, runTool } from '../tool.js';
import { finishFile, type WrittenFile } from '../written-file.js';

const CHUNK = 4 * 1024 * 1024;
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;

/**
 * Makes a FAT image from a folder, as large as its files need, and lets mtools read it back: names and bytes
 * must be the same. The same input gives the same bytes.
 * @param volumeId eight hexadecimal digits: FAT's serial number
 * @throws AppError `media.mcopy_missing` (503), `media.image_failed` (500), `media.seed_not_fat` (422) for
 * names that FAT cannot have and above 2 GB
 */
export async function makeFatImage(options: {
  folder: string;
  image: string;
  label: string;
  volumeId: string;
  sourceDateEpoch: number;
}): Promise<WrittenFile> {
  const { folder, image, label, volumeId, sourceDateEpoch } = options;
  const { folders, files } = await listTree(folder);
  const sized = await Promise.all(
    files.map(async (path) => ({ path, size: (await stat(join(folder, path))).size })),
  );
  const layout = layoutOf({ folders, files: sized, label, volumeId, sourceDateEpoch });
  const target = await open(image, NEW_FILE, 0o600);
  try {
    await target.truncate(layout.size);
    for (const { at, bytes } of layout.parts) await target.write(bytes, 0, bytes.length, at);
    for (const { path, at } of layout.files) await copyInto(target, join(folder, path), at);
  } finally {
    await target.close();
  }
  await verify(folder, image, files);
  return finishFile(image, 'seed');
}

function layoutOf(tree: Parameters<typeof fatLayout>[0]): ReturnType<typeof fatLayout> {
  try {
    return fatLayout(tree);
  } catch (error) {
    if (!(error instanceof FatError)) throw error;
    throw new MediaError(
      'media.seed_not_fat',
      `${error.message}: ask for fewer or other drivers, or for a seed that is not bootable`,
      { cause: error },
    );
  }
}

async function copyInto(target: FileHandle, path: string, at: number): Promise<void> {
  const source = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(Math.min(CHUNK, (await source.stat()).size));
    for (let done = 0; ;) {
      const { bytesRead } = await source.read(buffer, 0, buffer.length, done);
      if (bytesRead === 0) return;
      await target.write(buffer, 0, bytesRead, at + done);
      done += bytesRead;
    }
  } finally {
    await source.close();
  }
}

/** Another program's eyes: what one piece of code writes and reads, it also gets wrong twice. */
async function verify(folder: string, image: string, files: string[]): Promise<void> {
  const back = `${image}.read-back`;
  await mkdir(back, { mode: 0o700 });
  try {
    await runTool(MCOPY, ['-s', '-n', '-i', image, '::/*', back]);
    const found = new Set((await listTree(back)).files);
    const faults: string[] = [];
    for (const path of files) {
      if (!found.delete(path)) faults.push(`${path} is missing`);
      else if (!(await readFile(join(back, path))).equals(await readFile(join(folder, path))))
        faults.push(`${path} has other bytes`);
    }
    faults.push(...[...found].map((path) => `${path} should not be there`));
    if (faults.length > 0)
      throw new MediaError(
        'media.image_failed',
        `the image was read back and is not what was asked for: ${faults.join('; ')}`,
      );
  } finally {
    await rm(back, { recursive: true, force: true });
  }
}

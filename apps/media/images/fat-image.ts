import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '#runtime';
import { listTree } from './seed-folder.js';
import { MCOPY, MKFS_FAT, MMD, runTool } from './tool.js';
import { finishFile, type WrittenFile } from './written-file.js';

const SECTOR = 512;
/** FAT12 has up to 4084 clusters, FAT16 up to 65524 (Microsoft, "FAT: General Overview of On-Disk Format"); with room between them. */
const MOST_CLUSTERS_FAT12 = 4000;
const LEAST_CLUSTERS_FAT16 = 4200;
const MOST_CLUSTERS_FAT16 = 65_000;
const MOST_SECTORS_PER_CLUSTER = 64;

/** What a file system for these files has to have. */
interface Geometry {
  bits: 12 | 16;
  sectorsPerCluster: number;
  /** KiB. */
  blocks: number;
}

/**
 * Makes a FAT image from a folder, as large as its files need, without root and loop devices, and reads it back: names and bytes must be the same.
 * The same input gives the same bytes.
 * @param volumeId eight hexadecimal digits: FAT's serial number, else made from the clock
 * @throws AppError `media.mkfs_fat_missing` and others (503), `media.image_failed` (500), `media.seed_too_large` (422) above 2 GB
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
  const { bits, sectorsPerCluster, blocks } = await geometry(folder, folders, files);
  const run = { sourceDateEpoch };
  const format = ['-C', '-a', '-F', String(bits), '-s', String(sectorsPerCluster), '--invariant'];
  await runTool(MKFS_FAT, [...format, '-i', volumeId, '-n', label, image, String(blocks)], run);
  if (folders.length > 0) await runTool(MMD, ['-i', image, ...folders.map((path) => `::/${path}`)], run);
  // One call for each folder, with its files in order: a recursive copy takes them as the disk has them.
  for (const parent of ['', ...folders]) {
    const here = files.filter((path) => path.slice(0, Math.max(0, path.lastIndexOf('/'))) === parent);
    if (here.length === 0) continue;
    await runTool(MCOPY, ['-i', image, ...here.map((path) => join(folder, path)), `::/${parent}`], run);
  }
  const [written] = await Promise.all([finishFile(image, 'seed'), verify(folder, image, files)]);
  return written;
}

async function geometry(folder: string, folders: string[], files: string[]): Promise<Geometry> {
  const sizes = await Promise.all(files.map(async (path) => (await stat(join(folder, path))).size));
  // A long name takes one entry of 32 bytes for each 13 characters and one more; a folder has two of its own.
  const entries = (parent: string): number =>
    [...folders, ...files]
      .filter((path) => path.slice(0, Math.max(0, path.lastIndexOf('/'))) === parent)
      .reduce((sum, path) => sum + 1 + Math.ceil((path.length - path.lastIndexOf('/')) / 13), 2);
  const chunks = [...sizes, ...folders.map((path) => entries(path) * 32)];
  for (let sectorsPerCluster = 1; sectorsPerCluster <= MOST_SECTORS_PER_CLUSTER; sectorsPerCluster *= 2) {
    const needed = chunks.reduce((sum, bytes) => sum + Math.ceil(bytes / (sectorsPerCluster * SECTOR)), 0);
    const bits = needed + 8 <= MOST_CLUSTERS_FAT12 ? 12 : 16;
    const clusters = bits === 12 ? needed + 8 : Math.max(needed + 8, LEAST_CLUSTERS_FAT16);
    if (clusters > MOST_CLUSTERS_FAT16) continue;
    // Two tables of at most two bytes for each cluster, the root folder's 512 entries, the boot sector.
    const tables = 2 * Math.ceil(((clusters + 2) * 2) / SECTOR);
    const sectors = clusters * sectorsPerCluster + tables + (512 * 32) / SECTOR + 8;
    return { bits, sectorsPerCluster, blocks: Math.ceil(sectors / 2) };
  }
  throw new AppError(
    'media.seed_too_large',
    422,
    'the files of the seed do not fit into 2 GB: ask for fewer drivers, or for a seed that is not bootable',
  );
}

async function verify(folder: string, image: string, files: string[]): Promise<void> {
  const back = `${image}.read-back`;
  await mkdir(back, { mode: 0o700 });
  try {
    await runTool(MCOPY, ['-s', '-n', '-i', image, '::/*', back]);
    const found = (await listTree(back)).files;
    const faults: string[] = [];
    for (const path of files) {
      if (!found.includes(path)) faults.push(`${path} is missing`);
      else if (!(await readFile(join(back, path))).equals(await readFile(join(folder, path))))
        faults.push(`${path} has other bytes`);
    }
    faults.push(
      ...found.filter((path) => !files.includes(path)).map((path) => `${path} should not be there`),
    );
    if (faults.length > 0)
      throw new AppError(
        'media.image_failed',
        500,
        `the image was read back and is not what was asked for: ${faults.join('; ')}`,
      );
  } finally {
    await rm(back, { recursive: true, force: true });
  }
}

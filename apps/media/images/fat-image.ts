import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '#runtime';
import { runTool } from './run-tool.js';
import { syncFile } from './seed-image.js';
import { listTree } from './seed-tree.js';

const DEADLINE_MS = 120_000;
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
 * @throws AppError `media.tool_missing` (503), `media.image_failed` (500), `media.seed_too_large` (422) above 2 GB
 */
export async function makeFatImage(options: {
  folder: string;
  image: string;
  label: string;
  volumeId: string;
  sourceDateEpoch: number;
}): Promise<{ size: number; sha256: string }> {
  const { folder, image, label, volumeId, sourceDateEpoch } = options;
  const { folders, files } = await listTree(folder);
  const { bits, sectorsPerCluster, blocks } = await geometry(folder, folders, files);
  const env = { SOURCE_DATE_EPOCH: String(sourceDateEpoch), MTOOLSRC: '/dev/null' };
  const mtools = { package: 'mtools', deadlineMs: DEADLINE_MS, env };
  const format = [
    '-C',
    '-a',
    '-F',
    String(bits),
    '-s',
    String(sectorsPerCluster),
    '--invariant',
    '-i',
    volumeId,
    '-n',
    label,
  ];
  await runTool('mkfs.fat', [...format, image, String(blocks)], { ...mtools, package: 'dosfstools' });
  await chmod(image, 0o600);
  if (folders.length > 0) await runTool('mmd', ['-i', image, ...folders.map((path) => `::/${path}`)], mtools);
  // One call for each folder, with its files in order: a recursive copy takes them as the disk has them.
  for (const parent of ['', ...folders]) {
    const here = files.filter((path) => path.slice(0, Math.max(0, path.lastIndexOf('/'))) === parent);
    if (here.length === 0) continue;
    await runTool('mcopy', ['-i', image, ...here.map((path) => join(folder, path)), `::/${parent}`], mtools);
  }
  await syncFile(image);
  await verify({ folder, image, files, env });
  return { size: (await stat(image)).size, sha256: await sha256Of(image) };
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

async function verify({
  folder,
  image,
  files,
  env,
}: {
  folder: string;
  image: string;
  files: string[];
  env: Record<string, string>;
}): Promise<void> {
  const back = `${image}.read-back`;
  await rm(back, { recursive: true, force: true });
  await mkdir(back, { mode: 0o700 });
  try {
    await runTool('mcopy', ['-s', '-n', '-i', image, '::/*', back], {
      package: 'mtools',
      deadlineMs: DEADLINE_MS,
      env,
    });
    const found = (await listTree(back)).files;
    const faults: string[] = [];
    for (const path of files) {
      if (!found.includes(path)) faults.push(`${path} is missing`);
      else if ((await sha256Of(join(back, path))) !== (await sha256Of(join(folder, path))))
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

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
}

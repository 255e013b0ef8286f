import { readdir, stat, statfs } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { MediaError } from '../codes.js';

/**
 * Room that is left to others on the file system: databases and logs that cannot write are worse than a
 * medium that is refused.
 */
const RESERVE_BYTES = 64 * 1024 * 1024;

const mib = (bytes: number): string => `${Math.ceil(bytes / 1_048_576)} MiB`;

/**
 * Looks for room before a byte is written.
 * @param path the folder of all media; it must be there
 * @param needed bytes that the medium will take, at the most
 * @param quota bytes that all media together may take
 * @param building bytes that media which are being built have been allowed, by their folders: each counts as
 * that, or as more if it has more
 * @throws AppError `media.quota_exceeded` (507) or `media.disk_full` (507)
 */
export async function checkSpace(
  path: string,
  needed: number,
  quota: number,
  building: ReadonlyMap<string, number> = new Map(),
): Promise<void> {
  const byFolder = await usedByFolder(path);
  let used = 0;
  for (const bytes of byFolder.values()) used += bytes;
  // From one look: what is written between two would count twice.
  let promised = 0;
  for (const [folder, allowed] of building) promised += Math.max(0, allowed - (byFolder.get(folder) ?? 0));
  used += promised;
  if (used + needed > quota) {
    throw new MediaError(
      'media.quota_exceeded',
      `all media together may take ${mib(quota)}; they take ${mib(used)}, and this one needs ${mib(needed)}: delete media that are installed, or raise MEDIA_QUOTA_MIB`,
    );
  }
  const { bavail, bsize } = await statfs(path);
  if (bavail * bsize < needed + promised + RESERVE_BYTES) {
    throw new MediaError(
      'media.disk_full',
      `${path} has ${mib(bavail * bsize)} left; this medium needs ${mib(needed)} and ${mib(RESERVE_BYTES)} stay free: make room there and send the request again`,
    );
  }
}

/**
 * Bytes on disk of all files below a folder, one that has several names once. What disappears meanwhile
 * counts nothing.
 */
export async function usedBytes(path: string): Promise<number> {
  let total = 0;
  for (const bytes of (await usedByFolder(path)).values()) total += bytes;
  return total;
}

/** The same by the folders that lie directly in it; its own files stand under its own name. */
async function usedByFolder(path: string): Promise<Map<string, number>> {
  const seen = new Set<number>();
  const byFolder = new Map<string, number>();
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (!entry.isFile()) continue;
    const info = await stat(join(entry.parentPath, entry.name)).catch(() => null);
    if (!info || seen.has(info.ino)) continue;
    seen.add(info.ino);
    const [first = ''] = relative(path, entry.parentPath).split(sep);
    const folder = join(path, first);
    byFolder.set(folder, (byFolder.get(folder) ?? 0) + info.blocks * 512);
  }
  return byFolder;
}

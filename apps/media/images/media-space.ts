import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '#runtime';

/** Room that is left to others on the file system: databases and logs that cannot write are worse than a medium that is refused. */
const RESERVE_BYTES = 64 * 1024 * 1024;

const mib = (bytes: number): string => `${Math.ceil(bytes / 1_048_576)} MiB`;

/**
 * Looks for room before a byte is written.
 * @param path the folder of all media; it must be there
 * @param needed bytes that the medium will take, at the most
 * @param quota bytes that all media together may take
 * @param promised bytes that media which are being built have been allowed and have not written yet
 * @throws AppError `media.quota_exceeded` (507) or `media.disk_full` (507)
 */
export async function checkSpace(path: string, needed: number, quota: number, promised = 0): Promise<void> {
  const used = (await usedBytes(path)) + promised;
  if (used + needed > quota) {
    throw new AppError(
      'media.quota_exceeded',
      507,
      `all media together may take ${mib(quota)}; they take ${mib(used)}, and this one needs ${mib(needed)}: delete media that are installed, or raise MEDIA_QUOTA_MIB`,
    );
  }
  const { bavail, bsize } = await statfs(path);
  if (bavail * bsize < needed + promised + RESERVE_BYTES) {
    throw new AppError(
      'media.disk_full',
      507,
      `${path} has ${mib(bavail * bsize)} left; this medium needs ${mib(needed)} and ${mib(RESERVE_BYTES)} stay free: make room there and send the request again`,
    );
  }
}

/** Bytes on disk of all files below a folder, one that has several names once. What disappears meanwhile counts nothing. */
export async function usedBytes(path: string): Promise<number> {
  const seen = new Set<number>();
  let total = 0;
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (!entry.isFile()) continue;
    const info = await stat(join(entry.parentPath, entry.name)).catch(() => null);
    if (!info || seen.has(info.ino)) continue;
    seen.add(info.ino);
    total += info.blocks * 512;
  }
  return total;
}

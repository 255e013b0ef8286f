import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '#runtime';
import { MediaError } from '../codes.js';
import { checkSpace } from './media-space.js';
import { syncFile } from '../image/written-file.js';

const BUILDING = '.building-';
/** Building takes seconds; what is older belongs to a process that died. */
const ABANDONED_AFTER_MS = 600_000;

const isFull = (error: unknown): boolean =>
  error instanceof AppError && /No space left|exceeds free space/i.test(error.message);

const diskFull = (path: string, cause: unknown): AppError =>
  new MediaError(
    'media.disk_full',
    `${path} is full: nothing was kept of the medium; make room there and send the request again`,
    { cause },
  );

/** `$INFINIBAY_BASE_DIR/media`: a medium appears there whole or not at all. */
export class MediaFolder {
  /** Folders that media are being built in, and the bytes that each was allowed. */
  private readonly building = new Map<string, number>();
  /**
   * Requests look for room one after the other: two that come at once would both find what is there for one.
   */
  private looking: Promise<unknown> = Promise.resolve();

  /** @param quotaBytes what all media together may take */
  constructor(
    readonly path: string,
    private readonly quotaBytes = Number.MAX_SAFE_INTEGER,
  ) {}

  /**
   * Builds a medium in a temporary folder of the same file system and publishes it under its id by one
   * rename. When `build` throws, nothing stays.
   * @param neededBytes what the medium will take at the most, looked for before a byte is written
   * @throws AppError `media.quota_exceeded` or `media.disk_full` (507)
   */
  async publish<T>(mediaId: string, build: (folder: string) => Promise<T>, neededBytes = 0): Promise<T> {
    await mkdir(this.path, { recursive: true, mode: 0o750 });
    const temporary = join(this.path, `${BUILDING}${mediaId}-${randomBytes(4).toString('hex')}`);
    if (neededBytes > 0) await this.reserve(temporary, neededBytes);
    try {
      await mkdir(temporary, { mode: 0o700 });
      const result = await build(temporary);
      await syncFile(temporary);
      await rename(temporary, this.folderOf(mediaId));
      // All is written: from here on it is counted as what it is.
      this.building.delete(temporary);
      await syncFile(this.path);
      return result;
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC' || isFull(error))
        throw diskFull(this.path, error);
      throw error;
    } finally {
      this.building.delete(temporary);
    }
  }

  private async reserve(folder: string, bytes: number): Promise<void> {
    const look = this.looking.then(async () => {
      for (;;) {
        const building = new Map(this.building);
        try {
          await checkSpace(this.path, bytes, this.quotaBytes, building);
          break;
        } catch (error) {
          // What was published meanwhile may have counted under both of its names.
          if ([...building.keys()].every((other) => this.building.has(other))) throw error;
        }
      }
      this.building.set(folder, bytes);
    });
    this.looking = look.catch(() => undefined);
    await look;
  }

  folderOf(mediaId: string): string {
    return join(this.path, mediaId);
  }

  async remove(mediaId: string): Promise<void> {
    await rm(this.folderOf(mediaId), { recursive: true, force: true });
  }

  /** Removes what a process that died left behind, and media that no row knows. @returns what was removed */
  async sweep(isKnown: (mediaId: string) => Promise<boolean>): Promise<string[]> {
    const names = await readdir(this.path).catch(() => []);
    const removed: string[] = [];
    for (const name of names) {
      const info = await stat(join(this.path, name)).catch(() => null);
      const isOld = info !== null && Date.now() - info.mtimeMs > ABANDONED_AFTER_MS;
      const isOrphan = /^[0-9a-f-]{36}$/.test(name) && !(await isKnown(name));
      if (!isOld || !(name.startsWith(BUILDING) || isOrphan)) continue;
      await rm(join(this.path, name), { recursive: true, force: true });
      removed.push(name);
    }
    return removed;
  }
}

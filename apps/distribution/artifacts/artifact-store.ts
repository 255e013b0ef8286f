import { createHash, randomBytes } from 'node:crypto';
import { type FSWatcher, type Stats, constants, mkdirSync, watch } from 'node:fs';
import {
  copyFile,
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { AppError, LOGGER, type Logger } from '#runtime';
import { DistributionError } from '../codes.js';
import type { DistributionConfig } from '../config.js';
import { CATALOG, type CatalogEntry } from './catalog.js';
import { ArtifactRecords } from './artifact-records.js';
import type { StoredArtifact } from './stored-artifact.js';

export const DISTRIBUTION_CONFIG = Symbol('DISTRIBUTION_CONFIG');

/**
 * The artifacts on disk. A file is hashed once when it changes (watch, and a look at size and time before
 * each use), and a copy of it is kept under its hash: downloads read that copy, so a file that is replaced
 * meanwhile never gives a mixture, and what a live medium pins stays available when a new release arrives.
 */
@Injectable()
export class ArtifactStore implements OnModuleInit, OnApplicationShutdown {
  readonly folder: string;
  private readonly contentFolder: string;
  private readonly current = new Map<CatalogEntry, { stamp: string; stored: Promise<StoredArtifact> }>();
  /** Stamps of the kept copies whose bytes were hashed, by their hash. */
  private readonly verified = new Map<string, string>();
  private readonly watchers: FSWatcher[] = [];

  constructor(
    @Inject(DISTRIBUTION_CONFIG) config: DistributionConfig,
    @Inject(ArtifactRecords) private readonly records: ArtifactRecords,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.folder = join(config.INFINIBAY_BASE_DIR, 'infiniservice');
    this.contentFolder = join(this.folder, '.by-sha256');
  }

  async onModuleInit(): Promise<void> {
    for (const path of ['', 'binaries/linux', 'binaries/windows', 'install', '.by-sha256'])
      mkdirSync(join(this.folder, path), { recursive: true, mode: 0o755 });
    for (const name of await readdir(this.contentFolder))
      if (name.endsWith('.new')) await rm(join(this.contentFolder, name), { force: true });
    await this.scan();
    for (const path of ['binaries/linux', 'binaries/windows', 'install']) {
      const look = (): void => {
        this.scan().catch((error: unknown) =>
          this.logger.warn({ err: error, path }, 'what has changed was not looked at'),
        );
      };
      this.watchers.push(watch(join(this.folder, path), { persistent: false }, look));
    }
  }

  onApplicationShutdown(): void {
    for (const watcher of this.watchers) watcher.close();
  }

  /** Hashes what has changed, so that no request has to. */
  async scan(): Promise<void> {
    for (const entry of CATALOG) {
      try {
        await this.find(entry);
      } catch (error) {
        if (!(error instanceof AppError))
          this.logger.warn({ err: error, path: entry.path }, 'an artifact cannot be read');
      }
    }
  }

  /**
   * What an entry is now.
   * @throws AppError `artifact.not_found` (404) with the path and what to run
   */
  async find(entry: CatalogEntry): Promise<StoredArtifact> {
    const path = join(this.folder, entry.path);
    const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOENT' || error.code === 'ENOTDIR'
        ? new DistributionError(
            'artifact.not_found',
            `no agent ${entry.kind} for ${entry.platform}/${entry.arch}: ${path} is missing; ${entry.remedy}`,
          )
        : new DistributionError(
            'artifact.unreadable',
            `${path} cannot be read (${error.code}): give this process read access`,
            { cause: error },
          );
    });
    if (!info.isFile())
      throw new DistributionError('artifact.not_found', `${path} is not a file; ${entry.remedy}`);
    const stamp = stampOf(info);
    const known = this.current.get(entry);
    if (known?.stamp === stamp) {
      const artifact = await known.stored;
      if (await this.isIntact(artifact)) return artifact;
      this.logger.error(
        { path: artifact.contentPath },
        'the kept copy of an artifact was damaged: it is made again',
      );
    }
    const stored = this.take(entry, path);
    this.current.set(entry, { stamp, stored });
    stored.catch(() => this.current.delete(entry));
    return stored;
  }

  /** What lies on disk now. */
  async list(): Promise<StoredArtifact[]> {
    const found = await Promise.all(CATALOG.map((entry) => this.find(entry).catch(() => null)));
    return found.filter((artifact) => artifact !== null);
  }

  /**
   * Opens a file by its content, also one that has been replaced since.
   * @throws AppError `artifact.not_found` (404)
   */
  async byHash(sha256: string): Promise<StoredArtifact> {
    await this.scan();
    for (const { stored } of this.current.values()) {
      const artifact = await stored.catch(() => null);
      if (artifact?.sha256 === sha256) return artifact;
    }
    const record = await this.records.find(sha256);
    const contentPath = this.contentPath(sha256);
    const info = record ? await stat(contentPath).catch(() => null) : null;
    const entry = record
      ? CATALOG.find(
          ({ platform, kind, arch }) =>
            platform === record.platform && kind === record.kind && arch === record.arch,
        )
      : undefined;
    if (!record || !info || !entry) {
      throw new DistributionError(
        'artifact.not_found',
        `no artifact has the content ${sha256}: the medium that names it is older than the files here; make it again`,
      );
    }
    const { size, version } = record;
    const artifact = { entry, sha256, size, version, modifiedAt: info.mtime, contentPath };
    if (!(await this.isIntact(artifact))) {
      this.logger.error({ path: contentPath }, 'the kept copy of an artifact was damaged');
      throw new DistributionError(
        'artifact.damaged',
        `the kept copy of ${sha256} was damaged on disk: put the same release's files back, or make the medium again`,
      );
    }
    return artifact;
  }

  /** `version` and `platforms` of a hand-written metadata.json, or null. */
  async metadataFile(): Promise<Record<string, unknown> | null> {
    const path = join(this.folder, 'metadata.json');
    const text = await readFile(path, 'utf8').catch(() => null);
    if (text === null) return null;
    try {
      const value = JSON.parse(text) as unknown;
      if (typeof value === 'object' && value !== null && !Array.isArray(value))
        return value as Record<string, unknown>;
    } catch {
      // Said below, once for both faults.
    }
    throw new DistributionError(
      'artifact.metadata_invalid',
      `${path} is not a JSON object: correct or remove it`,
    );
  }

  /**
   * Whether the kept copy still is what was hashed. It is read again only when its size, time or inode has
   * changed.
   */
  private async isIntact({ sha256, contentPath }: StoredArtifact): Promise<boolean> {
    const file = await open(contentPath, constants.O_RDONLY).catch(() => null);
    if (!file) return false;
    try {
      const stamp = stampOf(await file.stat());
      if (this.verified.get(sha256) === stamp) return true;
      if ((await digest(file)).sha256 !== sha256) return false;
      this.verified.set(sha256, stamp);
      return true;
    } finally {
      await file.close();
    }
  }

  private async take(entry: CatalogEntry, path: string): Promise<StoredArtifact> {
    // One descriptor for hash and copy: what is hashed is what is kept, whatever happens to the name
    // meanwhile.
    const source = await open(path, constants.O_RDONLY);
    try {
      const temporary = join(this.contentFolder, `${randomBytes(8).toString('hex')}.new`);
      await copyFile(`/proc/self/fd/${source.fd}`, temporary, constants.COPYFILE_FICLONE);
      try {
        const copy = await open(temporary, 'r');
        const { sha256, size } = await digest(copy).finally(() => copy.close());
        const copied = stampOf(await stat(temporary));
        const info = await source.stat();
        const contentPath = this.contentPath(sha256);
        await mkdir(this.contentFolder, { recursive: true });
        await rename(temporary, contentPath);
        this.verified.set(sha256, copied);
        const declared = await this.metadataFile().catch(() => null);
        const version =
          typeof declared?.['version'] === 'string'
            ? declared['version'].slice(0, 64)
            : `0.0.0-${sha256.slice(0, 12)}`;
        const stored: StoredArtifact = { entry, sha256, size, version, modifiedAt: info.mtime, contentPath };
        await this.records.remember(stored);
        this.logger.info({ file: entry.path, size, sha256: sha256.slice(0, 12), version }, 'artifact');
        return stored;
      } finally {
        await rm(temporary, { force: true });
      }
    } finally {
      await source.close();
    }
  }

  private contentPath(sha256: string): string {
    return join(this.contentFolder, sha256);
  }
}

function stampOf({ size, mtimeMs, ino }: Stats): string {
  return `${size}/${mtimeMs}/${ino}`;
}

async function digest(file: FileHandle): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of file.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { sha256: hash.digest('hex'), size };
}

import { randomBytes, randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { Media } from '#db';
import { BusEvents, type MediaPlan, type MediaRequest, type MediaResult } from '#protocol';
import { Bus, LOGGER, type Logger } from '#runtime';
import { MediaError } from './codes.js';
import type { MediaConfig } from './config.js';
import { MediaFolder } from './store/media-folder.js';
import type { WrittenFile } from './image/written-file.js';
import { type Built, MediaBuilder } from './media-builder.js';
import type { Asker } from './asker.js';
import { MediaRecords } from './media-records.js';
import { type Ingredients, MEDIA_CONFIG, Preconditions } from './preconditions.js';
import { type Hold, RequestHolds, reused } from './request-hold.js';

/** Stands for the id of a medium that is not made. */
const DRY_RUN_ID = '00000000-0000-4000-8000-000000000000';
/** Stands for the proof of a medium that is not made. */
const DRY_RUN_PROOF = '0'.repeat(64);
/** Of a medium's proof, from the system's generator: nobody can guess or derive it. */
const PROOF_BYTES = 32;

/**
 * Makes install media: checked first, written whole or not at all, then machine, first-boot rows and medium
 * in one transaction, then the ring.
 */
@Injectable()
export class MediaService implements OnApplicationBootstrap {
  private readonly folder: MediaFolder;

  constructor(
    @Inject(MEDIA_CONFIG) private readonly config: MediaConfig,
    @Inject(MediaRecords) private readonly records: MediaRecords,
    @Inject(Bus) private readonly bus: Bus,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(Preconditions) private readonly preconditions: Preconditions,
    @Inject(RequestHolds) private readonly holds: RequestHolds,
    @Inject(MediaBuilder) private readonly builder: MediaBuilder,
  ) {
    this.folder = new MediaFolder(
      join(config.INFINIBAY_BASE_DIR, 'media'),
      config.MEDIA_QUOTA_MIB * 1_048_576,
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.sweep();
  }

  /** Removes files that no row knows: a process died, or the database was away when they had to go. */
  async sweep(): Promise<void> {
    const removed = await this.folder.sweep((id) => this.records.isReady(id));
    if (removed.length > 0) this.logger.info({ removed: removed.length }, 'left-over media were removed');
  }

  /**
   * Makes a medium once for each request id.
   * @throws AppError for everything that keeps the machine from installing itself, before a byte is written
   */
  create(request: MediaRequest, asker: Asker): Promise<MediaResult> {
    return this.holds.during(
      request,
      asker,
      async (hold) => this.toResult(await this.createOnce(request, asker, hold)),
      async () => this.toResult(asBefore(await this.records.ofRequest(asker.requestId), request, asker)),
    );
  }

  private async createOnce(request: MediaRequest, asker: Asker, hold: Hold): Promise<Media> {
    // One that an earlier version has made.
    const earlier = await this.records.ofRequest(asker.requestId);
    if (earlier) return asBefore(earlier, request, asker);
    await this.records.requireRoom();
    const mediaId = randomUUID();
    const proof = randomBytes(PROOF_BYTES).toString('hex');
    const { built, ingredients } = await this.make(request, mediaId, { mediaId, proof });
    const { pins, scripts } = ingredients;
    let media: Media;
    try {
      const made = { request, asker, mediaId, proof, built, pins, scripts, hold };
      const result = await this.records.record(made);
      for (const replaced of result.replaced) await this.folder.remove(replaced);
      ({ media } = result);
    } catch (error) {
      media = await this.despite(error, mediaId, asker);
    }
    this.bus.emit(BusEvents.mediaChanged, { mediaId, machineId: request.vmId, change: 'created' });
    this.bus.emit(BusEvents.wake(null), { machineId: request.vmId });
    return media;
  }

  /**
   * The medium of a transaction that was reported as failed: it may have been committed, and the answer got
   * lost. While nobody knows, its files stay; a sweep removes them when it finds no row.
   * @throws what it was reported with, when there is no such medium
   */
  private async despite(error: unknown, mediaId: string, { requestId }: Asker): Promise<Media> {
    let made: Media | null;
    try {
      made = await this.records.ofRequest(requestId);
    } catch {
      throw error;
    }
    if (made?.id === mediaId) return made;
    await this.folder.remove(mediaId);
    throw error;
  }

  /**
   * What `create` would make: sizes, hashes and plan, without a file or row that stays. The same request
   * gives the same answer: a change of one field shows in those files alone that it changes.
   */
  async plan(request: MediaRequest): Promise<MediaResult> {
    const id = randomUUID();
    const { built } = await this.make({ ...withoutSalt(request), replace: true }, id, {
      mediaId: DRY_RUN_ID,
      proof: DRY_RUN_PROOF,
      sourceDateEpoch: this.config.SOURCE_DATE_EPOCH ?? 0,
    });
    await this.folder.remove(id);
    const now = await this.records.now();
    return {
      id,
      machineId: request.vmId,
      createdAt: now.toISOString(),
      expiresAt: now.toISOString(),
      files: [...built.files, ...built.contents].map((file) => ({ ...file, url: '' })),
      plan: built.plan,
      warnings: built.plan.warnings,
      executions: [],
    };
  }

  async get(id: string): Promise<MediaResult> {
    return this.toResult(await this.records.find(id));
  }

  async remove(id: string, asker: Asker): Promise<void> {
    const media = await this.records.remove(id, asker).catch(async (error: unknown) => {
      // An earlier answer may have got lost before the files were gone.
      if (error instanceof MediaError && error.code === 'media.not_found') await this.folder.remove(id);
      throw error;
    });
    await this.folder.remove(id);
    this.bus.emit(BusEvents.mediaChanged, { mediaId: id, machineId: media.machineId, change: 'deleted' });
  }

  /** @throws AppError `media.file_not_found` (404): names come from the row, never from the URL */
  async file(id: string, name: string): Promise<{ path: string; file: WrittenFile }> {
    const media = await this.records.find(id);
    const file = media.files.find((candidate) => candidate.name === name);
    if (!file)
      throw new MediaError(
        'media.file_not_found',
        `the medium ${id} has no such file; it has ${media.files.map((known) => known.name).join(', ')}`,
      );
    const path = join(
      this.folder.folderOf(id),
      file.kind === 'cidata' ? join('cidata', file.name) : file.name,
    );
    if (!(await stat(path).catch(() => null)))
      throw new MediaError(
        'media.file_gone',
        `${path} is gone from the disk: make the medium again with replace: true`,
      );
    return { path, file };
  }

  /** Checks, builds and publishes the files of a medium. */
  private async make(
    request: MediaRequest,
    id: string,
    fixed: { mediaId: string; proof: string; sourceDateEpoch?: number },
  ): Promise<{ built: Built; ingredients: Ingredients }> {
    const ingredients = await this.preconditions.check(request);
    try {
      await this.records.checkReplacement(request);
      const published = this.folder.folderOf(fixed.mediaId);
      const built = await this.folder.publish(
        id,
        (folder) => this.builder.build({ request, ingredients, ...fixed, folder, published }),
        await this.builder.neededBytes(request, ingredients),
      );
      return { built, ingredients };
    } finally {
      await ingredients.discard();
    }
  }

  private async toResult(media: Media): Promise<MediaResult> {
    if (!media.plan) throw new MediaError('media.not_ready', `the medium ${media.id} is still being made`);
    return {
      id: media.id,
      machineId: media.machineId,
      createdAt: media.createdAt.toISOString(),
      expiresAt: media.expiresAt.toISOString(),
      files: media.files.map((file) => ({
        ...file,
        url: `/media/${media.id}/files/${encodeURIComponent(file.name)}`,
      })),
      ...planOf(media.plan),
      executions: await this.records.executionsOf(media),
    };
  }
}

/** What a plan of a medium that 0.1 has made lacks. */
type EarlierPlan = Omit<MediaPlan, 'devices' | 'firstStart'> & {
  devices: Omit<MediaPlan['devices'][number], 'id' | 'target'>[];
  firstStart: MediaPlan['firstStart'] | null;
};

/** With the fields of today: an earlier version has not known what stands in some of them. */
function planOf(stored: MediaPlan): Pick<MediaResult, 'plan' | 'warnings'> {
  const { devices, firstStart, ...earlier }: EarlierPlan = stored;
  const plan = {
    ...{ warnings: [], machine: null, cards: [], detach: [], ends: null },
    ...earlier,
    devices: devices.map((device) => ({ id: null, target: null, ...device })),
    firstStart: firstStart ?? { qemu: [], libvirtXml: earlier.libvirtXml },
  };
  return { plan, warnings: plan.warnings };
}

/**
 * A password's hash has another salt each time it is made; one that stands for all makes two dry runs
 * comparable, and shows nothing of the password.
 */
function withoutSalt(request: MediaRequest): MediaRequest {
  const passwordHash = `$6$dryrun$${'.'.repeat(86)}`;
  return {
    ...request,
    users: request.users.map((user) => (user.passwordHash === undefined ? user : { ...user, passwordHash })),
  };
}

/**
 * @throws AppError `media.request_reused` (409): the id of an answered request stands for that request, and
 * for nothing after its medium was deleted
 */
function asBefore(earlier: Media | null, { vmId }: MediaRequest, asker: Asker): Media {
  if (earlier?.state === 'ready' && earlier.machineId === vmId) return earlier;
  const isOther = earlier !== null && earlier.machineId !== vmId;
  throw reused(asker, isOther ? 'another machine' : 'a medium that was deleted');
}

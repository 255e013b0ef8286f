import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import {
  adoptMachine,
  Database,
  databaseNow,
  Media,
  recordAudit,
  requestCancel,
  scheduleExecutions,
  ScriptExecution,
  toExecutionDto,
  type Work,
} from '#db';
import { BusEvents, BusRequests, type MediaRequest, type MediaResult } from '#protocol';
import { AppError, Bus, LOGGER, type Logger } from '#runtime';
import type { MediaConfig } from './config.js';
import type { AgentPins } from './families/linux/agent-files.js';
import { MediaFolder } from './store/media-folder.js';
import type { WrittenFile } from './image/written-file.js';
import type { FirstBootScript } from './first-boot.js';
import { type Built, MediaBuilder } from './media-builder.js';
import { type Ingredients, MEDIA_CONFIG, Preconditions } from './preconditions.js';

/** Stands for the id of a medium that is not made. */
const DRY_RUN_ID = '00000000-0000-4000-8000-000000000000';

export interface Asker {
  name: string;
  requestId: string;
}

/** Makes install media: checked first, written whole or not at all, then machine, first-boot rows and medium in one transaction, then the ring. */
@Injectable()
export class MediaService implements OnModuleInit, OnApplicationBootstrap {
  private readonly folder: MediaFolder;

  constructor(
    @Inject(MEDIA_CONFIG) private readonly config: MediaConfig,
    @Inject(Database) private readonly database: Database,
    @Inject(Bus) private readonly bus: Bus,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(Preconditions) private readonly preconditions: Preconditions,
    @Inject(MediaBuilder) private readonly builder: MediaBuilder,
  ) {
    this.folder = new MediaFolder(
      join(config.INFINIBAY_BASE_DIR, 'media'),
      config.MEDIA_QUOTA_MIB * 1_048_576,
    );
  }

  onModuleInit(): void {
    const asker = ({ requestId, requestedBy }: { requestId: string; requestedBy: string }): Asker => ({
      name: requestedBy,
      requestId,
    });
    const { mediaCreate, mediaPlan, mediaGet, mediaDelete } = BusRequests;
    this.bus.onRequest(mediaCreate.pattern, mediaCreate.schema, async (message) =>
      this.withWholeUrls(await this.create(message.request, asker(message))),
    );
    this.bus.onRequest(mediaPlan.pattern, mediaPlan.schema, (message) => this.plan(message.request));
    this.bus.onRequest(mediaGet.pattern, mediaGet.schema, async ({ id }) =>
      this.withWholeUrls(await this.get(id)),
    );
    this.bus.onRequest(mediaDelete.pattern, mediaDelete.schema, (message) =>
      this.remove(message.id, asker(message)),
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    const removed = await this.folder.sweep(
      async (id) => (await this.database.work().count(Media, { id, state: 'ready' })) > 0,
    );
    if (removed.length > 0) this.logger.info({ removed: removed.length }, 'left-over media were removed');
  }

  /** @throws AppError for everything that keeps the machine from installing itself, before a byte is written */
  async create(request: MediaRequest, asker: Asker): Promise<MediaResult> {
    const earlier = await this.database.work().findOne(Media, { requestId: asker.requestId });
    if (earlier) return this.toResult(sameRequest(earlier, request));
    const mediaId = randomUUID();
    const { built, ingredients } = await this.make(request, mediaId);
    const { pins, scripts } = ingredients;
    try {
      const result = await this.database.transaction((work) =>
        this.record(work, { request, asker, mediaId, built, pins, scripts }),
      );
      for (const replaced of result.replaced) await this.folder.remove(replaced);
      this.bus.emit(BusEvents.mediaChanged, { mediaId, machineId: request.vmId, change: 'created' });
      this.bus.emit(BusEvents.wake(null), { machineId: request.vmId });
      return this.toResult(result.media);
    } catch (error) {
      await this.folder.remove(mediaId);
      // The same request arrived twice and the other one was first.
      const twin = await this.database.work().findOne(Media, { requestId: asker.requestId });
      if (twin) return this.toResult(twin);
      throw error;
    }
  }

  /**
   * What `create` would make: sizes, hashes and plan, without a file or row that stays. The same request gives the same answer: a change of one field shows
   * in those files alone that it changes.
   */
  async plan(request: MediaRequest): Promise<MediaResult> {
    const id = randomUUID();
    const { built } = await this.make({ ...withoutSalt(request), replace: true }, id, {
      mediaId: DRY_RUN_ID,
      sourceDateEpoch: this.config.SOURCE_DATE_EPOCH ?? 0,
    });
    await this.folder.remove(id);
    const now = await databaseNow(this.database.work());
    return {
      id,
      machineId: request.vmId,
      createdAt: now.toISOString(),
      expiresAt: now.toISOString(),
      files: [...built.files, ...built.contents].map((file) => ({ ...file, url: '' })),
      plan: built.plan,
      executions: [],
    };
  }

  /** A reader of the bus has no address that a path would be below. */
  private withWholeUrls(result: MediaResult): MediaResult {
    const files = result.files.map((file) => ({ ...file, url: `${this.config.MEDIA_URL}${file.url}` }));
    return { ...result, files };
  }

  async get(id: string): Promise<MediaResult> {
    return this.toResult(await this.find(id));
  }

  async remove(id: string, asker: Asker): Promise<void> {
    const media = await this.find(id);
    await this.database.transaction(async (work) => {
      await work.nativeUpdate(Media, { id }, { state: 'deleted', deletedAt: await databaseNow(work) });
      await recordAudit(work, {
        actor: asker.name,
        action: 'media.delete',
        subjectType: 'media',
        subjectId: id,
        correlationId: asker.requestId.slice(0, 64),
      });
    });
    await this.folder.remove(id);
    this.bus.emit(BusEvents.mediaChanged, { mediaId: id, machineId: media.machineId, change: 'deleted' });
  }

  /** @throws AppError `media.file_not_found` (404): names come from the row, never from the URL */
  async file(id: string, name: string): Promise<{ path: string; file: WrittenFile }> {
    const media = await this.find(id);
    const file = media.files.find((candidate) => candidate.name === name);
    if (!file)
      throw new AppError(
        'media.file_not_found',
        404,
        `the medium ${id} has no such file; it has ${media.files.map((known) => known.name).join(', ')}`,
      );
    const path = join(
      this.folder.folderOf(id),
      file.kind === 'cidata' ? join('cidata', file.name) : file.name,
    );
    if (!(await stat(path).catch(() => null)))
      throw new AppError(
        'media.file_gone',
        410,
        `${path} is gone from the disk: make the medium again with replace: true`,
      );
    return { path, file };
  }

  private async checkReplacement({ vmId, replace }: MediaRequest): Promise<void> {
    if (replace) return;
    const existing = await this.database.work().findOne(Media, { machineId: vmId, state: 'ready' });
    if (existing)
      throw new AppError(
        'media.exists',
        409,
        `vmId: the machine has the medium ${existing.id} already: delete it or send replace: true`,
      );
  }

  /** Checks, builds and publishes the files of a medium. */
  private async make(
    request: MediaRequest,
    id: string,
    fixed: { mediaId: string; sourceDateEpoch?: number } = { mediaId: id },
  ): Promise<{ built: Built; ingredients: Ingredients }> {
    const ingredients = await this.preconditions.check(request);
    try {
      await this.checkReplacement(request);
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

  private async record(
    work: Work,
    {
      request,
      asker,
      mediaId,
      built,
      pins,
      scripts,
    }: {
      request: MediaRequest;
      asker: Asker;
      mediaId: string;
      built: Built;
      pins: AgentPins;
      scripts: FirstBootScript[];
    },
  ): Promise<{ media: Media; replaced: string[] }> {
    // Locks the machine's row, new or old: two requests for one machine come one after the other.
    const { machine } = await adoptMachine(work, {
      id: request.vmId,
      name: request.hostname,
      os: request.os.family === 'windows' ? 'windows' : 'linux',
    });
    const replaced = await this.replace(work, request);
    const rows = await scheduleExecutions(
      work,
      scripts.map((script) => ({
        ...script,
        machineId: request.vmId,
        scheduledFor: null,
        executionType: 'FIRST_BOOT' as const,
        triggeredBy: asker.name,
      })),
    );
    const now = await databaseNow(work);
    const media = work.create(
      Media,
      {
        id: mediaId,
        machineId: request.vmId,
        requestId: asker.requestId,
        state: 'ready',
        family: request.os.family,
        version: request.os.version,
        source: request.source,
        files: built.files,
        plan: built.plan,
        pins: [
          { kind: 'binary', sha256: pins.binarySha256, version: pins.version },
          { kind: 'script', sha256: pins.scriptSha256, version: pins.version },
        ],
        executionIds: rows.map(({ id }) => id),
        spoolBefore: machine.spoolId,
        createdAt: now,
        expiresAt: new Date(now.getTime() + this.config.MEDIA_LIFETIME_HOURS * 3_600_000),
      },
      { partial: true },
    );
    work.persist(media);
    await work.flush();
    await recordAudit(work, {
      actor: asker.name,
      action: 'media.create',
      subjectType: 'media',
      subjectId: mediaId,
      after: {
        machineId: request.vmId,
        family: request.os.family,
        version: request.os.version,
        source: request.source,
        executions: rows.length,
      },
      correlationId: asker.requestId.slice(0, 64),
    });
    return { media, replaced };
  }

  /** Takes the place of the machine's earlier medium: its PENDING first-boot rows are cancelled, its files go. */
  private async replace(work: Work, { vmId, replace }: MediaRequest): Promise<string[]> {
    const existing = await work.find(Media, { machineId: vmId, state: 'ready' });
    if (existing.length > 0 && !replace)
      throw new AppError(
        'media.exists',
        409,
        'vmId: the machine has a medium already: delete it or send replace: true',
      );
    const now = await databaseNow(work);
    for (const media of existing) {
      media.state = 'deleted';
      media.deletedAt = now;
    }
    const pending = await work.find(ScriptExecution, {
      machineId: vmId,
      executionType: 'FIRST_BOOT',
      status: 'PENDING',
    });
    if (replace) for (const { id } of pending) await requestCancel(work, id);
    await work.flush();
    return existing.map(({ id }) => id);
  }

  private async toResult(media: Media): Promise<MediaResult> {
    const executions = await this.database
      .work()
      .find(
        ScriptExecution,
        { id: { $in: media.executionIds } },
        { orderBy: { order: 'asc', createdAt: 'asc' } },
      );
    if (!media.plan) throw new AppError('media.not_ready', 409, `the medium ${media.id} is still being made`);
    return {
      id: media.id,
      machineId: media.machineId,
      createdAt: media.createdAt.toISOString(),
      expiresAt: media.expiresAt.toISOString(),
      files: media.files.map((file) => ({ ...file, url: `/media/${media.id}/files/${file.name}` })),
      plan: media.plan,
      executions: executions.map(toExecutionDto),
    };
  }

  private async find(id: string): Promise<Media> {
    const media = await this.database.work().findOne(Media, { id, state: 'ready' });
    if (!media) throw new AppError('media.not_found', 404, `there is no medium ${id}`);
    return media;
  }
}

/** A password's hash has another salt each time it is made; one that stands for all makes two dry runs comparable, and shows nothing of the password. */
function withoutSalt(request: MediaRequest): MediaRequest {
  const passwordHash = `$6$dryrun$${'.'.repeat(86)}`;
  return {
    ...request,
    users: request.users.map((user) => (user.passwordHash === undefined ? user : { ...user, passwordHash })),
  };
}

/** @throws AppError `media.request_reused` (409): the key of an answered request stands for that request, and for nothing after its medium was deleted */
function sameRequest(earlier: Media, { vmId }: MediaRequest): Media {
  if (earlier.machineId === vmId && earlier.state === 'ready') return earlier;
  throw new AppError(
    'media.request_reused',
    409,
    `the Idempotency-Key was used for ${earlier.machineId === vmId ? 'a medium that was deleted' : 'another machine'}: send this request under a new one`,
  );
}

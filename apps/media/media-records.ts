import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import {
  adoptMachine,
  Database,
  databaseNow,
  forgetRequestId,
  Media,
  mediumOfRequest,
  recordAudit,
  requestCancel,
  scheduleExecutions,
  ScriptExecution,
  toExecutionDto,
  type Work,
} from '#db';
import { type ExecutionDto, FAMILY_RULES, type MediaRequest, OPEN_STATUSES } from '#protocol';
import type { Asker } from './asker.js';
import { MediaError } from './codes.js';
import type { MediaConfig } from './config.js';
import type { AgentPins } from './families/linux/agent-files.js';
import type { FirstBootScript } from './first-boot.js';
import type { Built } from './media-builder.js';
import { MEDIA_CONFIG } from './preconditions.js';
import type { Hold } from './request-hold.js';

/** What a row is made of. */
interface Order {
  request: MediaRequest;
  asker: Asker;
  mediaId: string;
  /** Only its hash is kept. */
  proof: string;
  built: Built;
  pins: AgentPins;
  scripts: FirstBootScript[];
  hold: Hold;
}

/** The rows of media, with the machine and the first-boot executions that come into being beside them. */
@Injectable()
export class MediaRecords {
  constructor(
    @Inject(MEDIA_CONFIG) private readonly config: MediaConfig,
    @Inject(Database) private readonly database: Database,
  ) {}

  /** @throws DatabaseError `database.reserve` (507) */
  requireRoom(): Promise<void> {
    return this.database.reserve.require('no medium is made');
  }

  now(): Promise<Date> {
    return databaseNow(this.database.work());
  }

  /** What an earlier request of the same id has made, while the id stands for it; or null. */
  ofRequest(requestId: string): Promise<Media | null> {
    return mediumOfRequest(this.database.work(), requestId);
  }

  async isReady(id: string): Promise<boolean> {
    return (await this.database.work().count(Media, { id, state: 'ready' })) > 0;
  }

  /** @throws AppError `media.not_found` (404) */
  async find(id: string): Promise<Media> {
    const media = await this.database.work().findOne(Media, { id, state: 'ready' });
    if (!media) throw new MediaError('media.not_found', `there is no medium ${id}`);
    return media;
  }

  /** @throws AppError `media.exists` (409) where another medium would have to be replaced and must not be */
  async checkReplacement({ vmId, replace }: MediaRequest): Promise<void> {
    if (replace) return;
    const existing = await this.database.work().findOne(Media, { machineId: vmId, state: 'ready' });
    if (existing)
      throw new MediaError(
        'media.exists',
        `vmId: the machine has the medium ${existing.id} already: delete it or send replace: true`,
      );
  }

  /** Its first-boot executions, in their order. */
  async executionsOf({ executionIds }: Media): Promise<ExecutionDto[]> {
    const executions = await this.database
      .work()
      .find(ScriptExecution, { id: { $in: executionIds } }, { orderBy: { order: 'asc', createdAt: 'asc' } });
    return executions.map(toExecutionDto);
  }

  /**
   * A new medium in one transaction: the request's id, the machine, its first-boot executions, the medium and
   * the audit entry.
   * @returns ids of the media whose place it takes
   * @throws AppError `media.exists` (409)
   */
  record(order: Order): Promise<{ media: Media; replaced: string[] }> {
    return this.database.transaction((work) => this.recordIn(work, order));
  }

  /** Marks it deleted. @throws AppError `media.not_found` (404) */
  async remove(id: string, asker: Asker): Promise<Media> {
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
    return media;
  }

  private async recordIn(
    work: Work,
    { request, asker, mediaId, proof, built, pins, scripts, hold }: Order,
  ): Promise<{ media: Media; replaced: string[] }> {
    await hold.finish(work);
    await forgetRequestId(work, asker.requestId);
    // Locks the machine's row, new or old: two requests for one machine come one after the other.
    await adoptMachine(work, {
      id: request.vmId,
      name: request.hostname,
      os: FAMILY_RULES[request.os.family].platform,
    });
    const replaced = await this.replace(work, request);
    const rows = await scheduleExecutions(
      work,
      scripts.map((script) => ({
        ...script,
        machineId: request.vmId,
        scheduledFor: null,
        executionType: 'FIRST_BOOT' as const,
        mediaId,
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
        proofSha256: createHash('sha256').update(proof).digest('hex'),
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

  /**
   * Takes the place of the machine's earlier media: their files go, and first-boot runs that have not begun
   * are cancelled, for their installation is replaced. Rows of media without a proof, which go to whoever
   * speaks, stay where nobody asked for a replacement.
   */
  private async replace(work: Work, { vmId, replace }: MediaRequest): Promise<string[]> {
    const existing = await work.find(Media, { machineId: vmId, state: 'ready' });
    if (existing.length > 0 && !replace)
      throw new MediaError(
        'media.exists',
        'vmId: the machine has a medium already: delete it or send replace: true',
      );
    const now = await databaseNow(work);
    for (const media of existing) {
      media.state = 'deleted';
      media.deletedAt = now;
    }
    // Also what is on its way: given back, it would wait for an installation that is not to come.
    const notBegun = await work.find(ScriptExecution, {
      machineId: vmId,
      executionType: 'FIRST_BOOT',
      status: { $in: [...OPEN_STATUSES] },
      startConfirmed: false,
    });
    for (const { id, mediaId } of notBegun) if (replace || mediaId !== null) await requestCancel(work, id);
    await work.flush();
    return existing.map(({ id }) => id);
  }
}

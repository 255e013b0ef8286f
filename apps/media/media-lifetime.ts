import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Database, findEndedMedia } from '#db';
import { AppError, LOGGER, type Logger } from '#runtime';
import type { MediaConfig } from './config.js';
import { MediaService } from './media.service.js';
import { MEDIA_CONFIG } from './preconditions.js';

const CHECK_MS = 60_000;
/** Each medium's row is asked for. */
const SWEEP_MS = 3_600_000;

/**
 * Removes media that are needed no more: a while after the installed machine said hello, for a guest can read
 * an attached medium for ever and it carries the channel secret, and at the end of their lifetime at the
 * latest.
 */
@Injectable()
export class MediaLifetime implements OnApplicationBootstrap {
  constructor(
    @Inject(MEDIA_CONFIG) private readonly config: MediaConfig,
    @Inject(Database) private readonly database: Database,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(MediaService) private readonly media: MediaService,
    @Inject(SchedulerRegistry) private readonly scheduler: SchedulerRegistry,
  ) {}

  onApplicationBootstrap(): void {
    this.every('media.lifetime', CHECK_MS, () => this.removeEnded());
    this.every('media.files', SWEEP_MS, () => this.media.sweep());
  }

  private every(name: string, ms: number, run: () => Promise<unknown>): void {
    const guarded = (): void => {
      run().catch((error: unknown) =>
        this.logger.warn({ err: error }, `${name}: media were not removed; it is tried again`),
      );
    };
    this.scheduler.addInterval(name, setInterval(guarded, ms));
  }

  /** @returns ids of the media that were removed */
  async removeEnded(): Promise<string[]> {
    const ended = await findEndedMedia(this.database.work(), this.config.MEDIA_AFTER_HELLO_MINUTES * 60);
    const removed: string[] = [];
    for (const { id, installed } of ended) {
      const requestId = `${installed ? 'installed' : 'expired'}-${id}`;
      try {
        await this.media.remove(id, { name: 'media', requestId, idName: 'requestId' });
        removed.push(id);
      } catch (error) {
        // Somebody else has deleted it meanwhile.
        if (!(error instanceof AppError && error.code === 'media.not_found')) throw error;
      }
    }
    if (removed.length > 0)
      this.logger.info({ removed: removed.length }, 'media that have ended were removed');
    return removed;
  }
}

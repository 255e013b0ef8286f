import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Database, dialectOf } from '#db';
import { AppError, LOGGER, type Logger } from '#runtime';
import type { MediaConfig } from './config.js';
import { MediaService } from './media.service.js';
import { MEDIA_CONFIG } from './preconditions.js';

const CHECK_MS = 60_000;

/**
 * Removes media that are needed no more: a while after the installed machine said hello, for a guest can read an attached medium for ever
 * and it carries the channel secret, and at the end of their lifetime at the latest.
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
    const check = setInterval(
      () =>
        void this.removeEnded().catch((error: unknown) =>
          this.logger.warn({ err: error }, 'media that have ended were not removed'),
        ),
      CHECK_MS,
    );
    this.scheduler.addInterval('media.lifetime', check);
  }

  /** @returns ids of the media that were removed */
  async removeEnded(): Promise<string[]> {
    const work = this.database.work();
    const { now, nowMinusSeconds } = dialectOf(work);
    const afterHello = this.config.MEDIA_AFTER_HELLO_MINUTES * 60;
    // Another spool than before: it is the new installation that spoke, not the one that it replaces.
    const ended = await work.execute<{ id: string; installed: boolean | number }[]>(
      `select media.id, case when media.expires_at < ${now} then false else true end as installed
       from media left join machine on machine.id = media.machine_id
       where media.state = 'ready' and (media.expires_at < ${now}
         or (machine.hello_at > media.created_at and machine.hello_at < ${nowMinusSeconds(String(afterHello))}
           and machine.spool_id is not null and machine.spool_id <> coalesce(media.spool_before, '')))`,
    );
    const removed: string[] = [];
    for (const { id, installed } of ended) {
      const requestId = `${installed ? 'installed' : 'expired'}-${id}`;
      try {
        await this.media.remove(id, { name: 'media', requestId });
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

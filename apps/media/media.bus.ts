import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { BusRequests, type MediaResult } from '#protocol';
import { Bus, inField } from '#runtime';
import type { MediaConfig } from './config.js';
import type { Asker } from './asker.js';
import { MediaService } from './media.service.js';
import { MEDIA_CONFIG } from './preconditions.js';

/** The bus's requests for media: the same as over HTTP. */
@Injectable()
export class MediaBus implements OnModuleInit {
  constructor(
    @Inject(Bus) private readonly bus: Bus,
    @Inject(MediaService) private readonly media: MediaService,
    @Inject(MEDIA_CONFIG) private readonly config: Pick<MediaConfig, 'MEDIA_URL'>,
  ) {}

  onModuleInit(): void {
    const asker = ({ requestId, requestedBy }: { requestId: string; requestedBy: string }): Asker => ({
      name: requestedBy,
      requestId,
      idName: 'requestId',
    });
    const { mediaCreate, mediaPlan, mediaGet, mediaDelete } = BusRequests;
    this.bus.onRequest(mediaCreate.pattern, mediaCreate.schema, async (message) =>
      this.withWholeUrls(await inField('request', () => this.media.create(message.request, asker(message)))),
    );
    this.bus.onRequest(mediaPlan.pattern, mediaPlan.schema, (message) =>
      inField('request', () => this.media.plan(message.request)),
    );
    this.bus.onRequest(mediaGet.pattern, mediaGet.schema, async ({ id }) =>
      this.withWholeUrls(await this.media.get(id)),
    );
    this.bus.onRequest(mediaDelete.pattern, mediaDelete.schema, (message) =>
      this.media.remove(message.id, asker(message)),
    );
  }

  /** A reader of the bus has no address that a path would be below. */
  private withWholeUrls(result: MediaResult): MediaResult {
    const files = result.files.map((file) => ({ ...file, url: `${this.config.MEDIA_URL}${file.url}` }));
    return { ...result, files };
  }
}

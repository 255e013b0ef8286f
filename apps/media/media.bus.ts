import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { BusRequests } from '#protocol';
import { Bus } from '#runtime';
import type { Asker } from './media-records.js';
import { MediaService } from './media.service.js';

/** The bus's requests for media: the same as over HTTP. */
@Injectable()
export class MediaBus implements OnModuleInit {
  constructor(
    @Inject(Bus) private readonly bus: Bus,
    @Inject(MediaService) private readonly media: MediaService,
  ) {}

  onModuleInit(): void {
    const asker = ({ requestId, requestedBy }: { requestId: string; requestedBy: string }): Asker => ({
      name: requestedBy,
      requestId,
      idName: 'requestId',
    });
    const { mediaCreate, mediaPlan, mediaGet, mediaDelete } = BusRequests;
    this.bus.onRequest(mediaCreate.pattern, mediaCreate.schema, (message) =>
      this.media.create(message.request, asker(message)),
    );
    this.bus.onRequest(mediaPlan.pattern, mediaPlan.schema, (message) => this.media.plan(message.request));
    this.bus.onRequest(mediaGet.pattern, mediaGet.schema, ({ id }) => this.media.get(id));
    this.bus.onRequest(mediaDelete.pattern, mediaDelete.schema, (message) =>
      this.media.remove(message.id, asker(message)),
    );
  }
}

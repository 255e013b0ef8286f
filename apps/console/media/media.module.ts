import { Module } from '@nestjs/common';
import { MediaController } from './media.controller.js';
import { FILE_LIMITS, FILE_LIMITS_TOKEN, MediaService } from './media.service.js';

/** Media requests go to the media app over the bus, its files come over its HTTP. */
@Module({
  controllers: [MediaController],
  providers: [MediaService, { provide: FILE_LIMITS_TOKEN, useValue: FILE_LIMITS }],
})
export class MediaModule {}

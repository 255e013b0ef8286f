import { Module } from '@nestjs/common';
import { MediaController } from './media.controller.js';
import { MediaService } from './media.service.js';

/** Media requests go to the media app over the bus, its files come over its HTTP. */
@Module({ controllers: [MediaController], providers: [MediaService] })
export class MediaModule {}

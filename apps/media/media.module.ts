import { join } from 'node:path';
import { type DynamicModule, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { Database } from '#db';
import { ACCESS_RULES, type AccessRules, singleToken } from '#app';
import { secretFile } from '#secrets';
import type { MediaConfig } from './config.js';
import { MediaController } from './media.controller.js';
import { FirstBoot } from './first-boot.js';
import { MediaBuilder } from './media-builder.js';
import { MediaLifetime } from './media-lifetime.js';
import { MediaRecords } from './media-records.js';
import { MediaBus } from './media.bus.js';
import { MediaService } from './media.service.js';
import { MEDIA_CONFIG, Preconditions } from './preconditions.js';
import { RequestHolds } from './request-hold.js';

/** Makes install media. Needs `RuntimeModule` and `DatabaseModule` beside it. */
@Module({})
export class MediaModule {
  static forRoot(config: MediaConfig): DynamicModule {
    const token = config.CONSOLE_TOKEN ?? secretFile(join(config.INFINIBAY_BASE_DIR, 'console.token'));
    return {
      module: MediaModule,
      imports: [ScheduleModule.forRoot()],
      controllers: [MediaController],
      providers: [
        { provide: MEDIA_CONFIG, useValue: config },
        {
          provide: ACCESS_RULES,
          useValue: {
            findToken: singleToken('console', token),
            // By the name that the URLs of its files have, too.
            hostNames: [config.CONSOLE_HOST.toLowerCase(), 'media', new URL(config.MEDIA_URL).hostname],
          } satisfies AccessRules,
        },
        {
          provide: FirstBoot,
          inject: [Database],
          useFactory: (database: Database) => new FirstBoot(database, config),
        },
        Preconditions,
        MediaBuilder,
        MediaRecords,
        RequestHolds,
        MediaService,
        MediaBus,
        MediaLifetime,
      ],
    };
  }
}

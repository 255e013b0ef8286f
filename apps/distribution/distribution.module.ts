import { type DynamicModule, Module } from '@nestjs/common';
import { ArtifactRecords } from './artifacts/artifact-records.js';
import { ArtifactStore, DISTRIBUTION_CONFIG } from './artifacts/artifact-store.js';
import type { DistributionConfig } from './config.js';
import { DOWNLOAD_LIMITS, DOWNLOAD_LIMITS_TOKEN, DownloadService } from './downloads/download.service.js';
import { InfiniserviceController } from './downloads/infiniservice.controller.js';
import { MetadataService } from './downloads/metadata.service.js';
import { FailedTokens } from './runs/failed-tokens.js';
import { RunsController } from './runs/runs.controller.js';

/** What guests download. Needs `RuntimeModule` and `DatabaseModule` beside it. */
@Module({})
export class DistributionModule {
  static forRoot(config: DistributionConfig, limits = DOWNLOAD_LIMITS): DynamicModule {
    return {
      module: DistributionModule,
      controllers: [RunsController, InfiniserviceController],
      providers: [
        { provide: DISTRIBUTION_CONFIG, useValue: config },
        { provide: DOWNLOAD_LIMITS_TOKEN, useValue: limits },
        ArtifactRecords,
        ArtifactStore,
        DownloadService,
        FailedTokens,
        MetadataService,
      ],
    };
  }
}

import {
  type DynamicModule,
  Global,
  Inject,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { HealthRegistry, Metrics } from '#runtime';
import type { DatabaseDeadlines } from './connections.js';
import { Database, openDatabase } from './database.js';
import { awaitMigrated } from './migrate.js';
import type { StorageLimits } from './reserve.js';
import { showStorage } from './storage-metrics.js';

/** Provides `Database`, open and migrated; closes it last. */
@Global()
@Module({})
export class DatabaseModule implements OnModuleInit, OnApplicationShutdown {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(HealthRegistry) private readonly health: HealthRegistry,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {}

  /** `migrationDeadlineMs`: how long to wait for `npm run migrate` of somebody else; default 60 s. */
  static forRoot(options: {
    url: string;
    deadlines?: DatabaseDeadlines;
    limits?: StorageLimits;
    migrationDeadlineMs?: number;
  }): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [
        {
          provide: Database,
          useFactory: async () => {
            const database = await openDatabase(options.url, options.deadlines, options.limits);
            await awaitMigrated(database, options.migrationDeadlineMs ?? 60_000);
            return database;
          },
        },
      ],
      exports: [Database],
    };
  }

  onModuleInit(): void {
    this.health.add('database', async () => {
      this.health.note('storage', await this.database.reserve.note());
      await this.database.check();
    });
    showStorage(this.metrics, this.database);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.database.close();
  }
}

import { type DynamicModule, Module } from '@nestjs/common';
import { databaseUrl, type Logger, type Metrics, RuntimeModule, storageLimits } from '#runtime';
import { DatabaseModule } from '#db';
import { ThisApp } from './this-app.js';

/** An app's root: logs, health and bus, the database, and the modules that make it what it is. */
@Module({})
export class AppModule {
  static forRoot(
    config: {
      DATABASE_URL?: string | undefined;
      INFINIBAY_BASE_DIR: string;
      REDIS_URL?: string | undefined;
      DATABASE_CONNECT_SECONDS: number;
      DATABASE_STATEMENT_SECONDS: number;
      BUS_ANSWER_SECONDS: number;
      DATABASE_RESERVE_MIB: number;
      DATABASE_SIZE_MIB?: number | undefined;
    },
    logger: Logger,
    parts: NonNullable<DynamicModule['imports']>,
    /** Shared by several apps of one process. */
    metrics?: Metrics,
  ): DynamicModule {
    return {
      module: AppModule,
      global: true,
      providers: [ThisApp],
      exports: [ThisApp],
      imports: [
        RuntimeModule.forRoot({
          logger,
          redisUrl: config.REDIS_URL,
          busAnswerMs: config.BUS_ANSWER_SECONDS * 1000,
          metrics,
        }),
        DatabaseModule.forRoot({
          url: databaseUrl(config),
          deadlines: {
            connectMs: config.DATABASE_CONNECT_SECONDS * 1000,
            statementMs: config.DATABASE_STATEMENT_SECONDS * 1000,
          },
          limits: storageLimits(config),
        }),
        ...parts,
      ],
    };
  }
}

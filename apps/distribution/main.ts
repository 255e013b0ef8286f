import { type DynamicModule, Module } from '@nestjs/common';
import { DatabaseModule } from '#db';
import { createLogger, databaseUrl, runMain, RuntimeModule, startHttpApp } from '#runtime';
import { DistributionModule } from './app.module.js';
import { type DistributionConfig, readConfig } from './config.js';

@Module({})
class App {
  static with(config: DistributionConfig, logger: ReturnType<typeof createLogger>): DynamicModule {
    return {
      module: App,
      imports: [
        RuntimeModule.forRoot({ logger, redisUrl: config.REDIS_URL }),
        DatabaseModule.forRoot({ url: databaseUrl(config) }),
        DistributionModule.forRoot(config),
      ],
    };
  }
}

await runMain(async () => {
  const config = readConfig(process.env);
  const logger = createLogger({ level: config.LOG_LEVEL, app: 'distribution' });
  const app = await startHttpApp(App.with(config, logger), {
    logger,
    host: config.LISTEN_HOST,
    port: config.PORT,
    portVariable: 'PORT',
    bodyLimit: 65_536,
    legacyErrorField: true,
  });
  logger.info({ url: app.url }, 'distribution is up');
  return app;
});

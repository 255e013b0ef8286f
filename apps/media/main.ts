import { type DynamicModule, Module } from '@nestjs/common';
import { DatabaseModule } from '#db';
import { createLogger, databaseUrl, MetricsPageModule, runMain, RuntimeModule, startHttpApp } from '#runtime';
import { MediaModule } from './app.module.js';
import { type MediaConfig, readConfig } from './config.js';

@Module({})
class App {
  static with(config: MediaConfig, logger: ReturnType<typeof createLogger>): DynamicModule {
    return {
      module: App,
      imports: [
        RuntimeModule.forRoot({ logger, redisUrl: config.REDIS_URL }),
        DatabaseModule.forRoot({ url: databaseUrl(config) }),
        MetricsPageModule,
        MediaModule.forRoot(config),
      ],
    };
  }
}

await runMain(async () => {
  const config = readConfig(process.env);
  const logger = createLogger({ level: config.LOG_LEVEL, app: 'media' });
  const app = await startHttpApp(App.with(config, logger), {
    logger,
    host: config.CONSOLE_HOST,
    port: config.MEDIA_PORT,
    portVariable: 'MEDIA_PORT',
  });
  logger.info({ url: app.url }, 'media is up');
  return app;
});

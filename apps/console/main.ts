import { type DynamicModule, Module } from '@nestjs/common';
import { DatabaseModule } from '#db';
import { createLogger, databaseUrl, MetricsPageModule, runMain, RuntimeModule, startHttpApp } from '#runtime';
import { ConsoleModule } from './app.module.js';
import { type ConsoleConfig, readConfig } from './config.js';

@Module({})
class App {
  static with(config: ConsoleConfig, logger: ReturnType<typeof createLogger>): DynamicModule {
    return {
      module: App,
      imports: [
        RuntimeModule.forRoot({ logger, redisUrl: config.REDIS_URL }),
        DatabaseModule.forRoot({ url: databaseUrl(config) }),
        MetricsPageModule,
        ConsoleModule.forRoot(config),
      ],
    };
  }
}

await runMain(async () => {
  const config = readConfig(process.env);
  const logger = createLogger({ level: config.LOG_LEVEL, app: 'console' });
  const app = await startHttpApp(App.with(config, logger), {
    logger,
    host: config.CONSOLE_HOST,
    port: config.CONSOLE_PORT,
    portVariable: 'CONSOLE_PORT',
  });
  logger.info({ url: app.url }, 'console is up');
  return app;
});

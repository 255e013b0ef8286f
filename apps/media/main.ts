import { AppModule } from '#app';
import { createLogger, MetricsPageModule } from '#runtime';
import { runMain, startHttpApp } from '#app';
import { MediaModule } from './media.module.js';
import { readConfig } from './config.js';

await runMain(async () => {
  const config = readConfig(process.env);
  const logger = createLogger({ level: config.LOG_LEVEL, app: 'media' });
  const app = await startHttpApp(
    AppModule.forRoot(config, logger, [MetricsPageModule, MediaModule.forRoot(config)]),
    {
      logger,
      host: config.CONSOLE_HOST,
      port: config.MEDIA_PORT,
      portVariable: 'MEDIA_PORT',
    },
  );
  logger.info({ url: app.url }, 'media is up');
  return app;
});

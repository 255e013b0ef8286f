import { AppModule } from '#db';
import { createLogger, MetricsPageModule, runMain, startHttpApp } from '#runtime';
import { MediaModule } from './app.module.js';
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

import { AppModule } from '#app';
import { createLogger, MetricsPageModule } from '#runtime';
import { runMain, startHttpApp } from '#app';
import { ConsoleModule } from './console.module.js';
import { readConfig } from './config.js';

await runMain(async () => {
  const config = readConfig(process.env);
  const logger = createLogger({ level: config.LOG_LEVEL, app: 'console' });
  const app = await startHttpApp(
    AppModule.forRoot(config, logger, [MetricsPageModule, ConsoleModule.forRoot(config)]),
    {
      logger,
      host: config.CONSOLE_HOST,
      port: config.CONSOLE_PORT,
      portVariable: 'CONSOLE_PORT',
      routesAt: '/openapi.json',
    },
  );
  logger.info({ url: app.url }, 'console is up');
  return app;
});

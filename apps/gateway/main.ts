import { AppModule } from '#app';
import { createLogger, MetricsPageModule } from '#runtime';
import { runMain, startHttpApp } from '#app';
import { GatewayModule } from './gateway.module.js';
import { readConfig } from './config.js';

await runMain(async () => {
  const config = readConfig(process.env);
  const logger = createLogger({ level: config.LOG_LEVEL, app: 'gateway' });
  const app = await startHttpApp(
    AppModule.forRoot(config, logger, [MetricsPageModule, GatewayModule.forRoot(config)]),
    {
      logger,
      host: config.GATEWAY_HOST,
      port: config.GATEWAY_PORT,
      portVariable: 'GATEWAY_PORT',
    },
  );
  logger.info({ url: app.url, host: config.HOST_ID }, 'gateway is up');
  return app;
});

import { AppModule } from '#app';
import { createLogger } from '#runtime';
import { runMain, startHttpApp, withMetricsPage } from '#app';
import { DistributionModule } from './distribution.module.js';
import { readConfig } from './config.js';

await runMain(async () => {
  const config = readConfig(process.env);
  const logger = createLogger({ level: config.LOG_LEVEL, app: 'distribution' });
  const guests = await startHttpApp(AppModule.forRoot(config, logger, [DistributionModule.forRoot(config)]), {
    logger,
    host: config.LISTEN_HOST,
    port: config.PORT,
    portVariable: 'PORT',
    bodyLimit: 65_536,
    connections: { perAddress: config.GUEST_CONNECTIONS, variable: 'GUEST_CONNECTIONS' },
    legacyErrorField: true,
  });
  const app = await withMetricsPage(guests, {
    port: config.DISTRIBUTION_METRICS_PORT,
    portVariable: 'DISTRIBUTION_METRICS_PORT',
  });
  logger.info({ url: app.url, metrics: app.metricsUrl }, 'distribution is up');
  return app;
});

import { type DynamicModule, Module } from '@nestjs/common';
import { DatabaseModule } from '#db';
import { createLogger, databaseUrl, runMain, RuntimeModule, startHttpApp, withMetricsPage } from '#runtime';
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
  const guests = await startHttpApp(App.with(config, logger), {
    logger,
    host: config.LISTEN_HOST,
    port: config.PORT,
    portVariable: 'PORT',
    bodyLimit: 65_536,
    legacyErrorField: true,
  });
  const app = await withMetricsPage(guests, {
    port: config.DISTRIBUTION_METRICS_PORT,
    portVariable: 'DISTRIBUTION_METRICS_PORT',
  });
  logger.info({ url: app.url, metrics: app.metricsUrl }, 'distribution is up');
  return app;
});

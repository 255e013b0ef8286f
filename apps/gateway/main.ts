import { type DynamicModule, Module } from '@nestjs/common';
import { DatabaseModule } from '#db';
import { createLogger, databaseUrl, MetricsPageModule, runMain, RuntimeModule, startHttpApp } from '#runtime';
import { GatewayModule } from './app.module.js';
import { type GatewayConfig, readConfig } from './config.js';

@Module({})
class App {
  static with(config: GatewayConfig, logger: ReturnType<typeof createLogger>): DynamicModule {
    return {
      module: App,
      imports: [
        RuntimeModule.forRoot({ logger, redisUrl: config.REDIS_URL }),
        DatabaseModule.forRoot({ url: databaseUrl(config) }),
        MetricsPageModule,
        GatewayModule.forRoot(config),
      ],
    };
  }
}

await runMain(async () => {
  const config = readConfig(process.env);
  const logger = createLogger({ level: config.LOG_LEVEL, app: 'gateway' });
  const app = await startHttpApp(App.with(config, logger), {
    logger,
    host: config.GATEWAY_HOST,
    port: config.GATEWAY_PORT,
    portVariable: 'GATEWAY_PORT',
  });
  logger.info({ url: app.url, host: config.HOST_ID }, 'gateway is up');
  return app;
});

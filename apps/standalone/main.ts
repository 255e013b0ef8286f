import { type DynamicModule, Module } from '@nestjs/common';
import { DatabaseModule, migrateToLatest, openDatabase } from '#db';
import {
  createLogger,
  databaseUrl,
  type Logger,
  Metrics,
  MetricsPageModule,
  runMain,
  RuntimeModule,
  startHttpApp,
} from '#runtime';
import { ConsoleModule } from '../console/app.module.js';
import { DistributionModule } from '../distribution/app.module.js';
import { GatewayModule } from '../gateway/app.module.js';
import { MediaModule } from '../media/app.module.js';
import { readConfig } from './config.js';

@Module({})
class App {
  static with(
    logger: Logger,
    url: string,
    redisUrl: string | undefined,
    metrics: Metrics,
    parts: DynamicModule[],
  ): DynamicModule {
    return {
      module: App,
      imports: [
        RuntimeModule.forRoot({ logger, redisUrl, metrics }),
        DatabaseModule.forRoot({ url }),
        ...parts,
      ],
    };
  }
}

await runMain(async () => {
  const config = readConfig(process.env);
  const { distribution, console: operators, gateway, media } = config;
  const logger = createLogger({ level: operators.LOG_LEVEL, app: 'standalone' });
  const url = databaseUrl(operators);
  const database = await openDatabase(url);
  const migrated = await migrateToLatest(database);
  if (migrated.length > 0) logger.info({ migrated }, 'the database was brought up to date');

  // One page for the whole process, on the operators' port.
  const metrics = new Metrics();
  // Guests and operators get ports of their own: what guests reach has no operators' route at all.
  const guests = await startHttpApp(
    App.with(logger, url, operators.REDIS_URL, metrics, [DistributionModule.forRoot(distribution)]),
    {
      logger,
      host: distribution.LISTEN_HOST,
      port: distribution.PORT,
      portVariable: 'PORT',
      bodyLimit: 65_536,
      legacyErrorField: true,
    },
  );
  const parts = [
    MetricsPageModule,
    ConsoleModule.forRoot(operators),
    MediaModule.forRoot(media),
    GatewayModule.forRoot(gateway),
  ] as DynamicModule[];
  const own = await startHttpApp(App.with(logger, url, operators.REDIS_URL, metrics, parts), {
    logger,
    host: operators.CONSOLE_HOST,
    port: operators.CONSOLE_PORT,
    portVariable: 'CONSOLE_PORT',
  }).catch(async (error: unknown) => {
    await guests.stop();
    throw error;
  });
  logger.info(
    {
      console: own.url,
      guests: guests.url,
      baseDir: config.baseDir,
      token: `${config.baseDir}/console.token`,
    },
    'standalone is up',
  );
  return {
    stop: async () => {
      await own.stop();
      await guests.stop();
      await database.close();
    },
  };
});

import { AppModule } from '#app';
import { migrateToLatest, openDatabase } from '#db';
import { createLogger, databaseUrl, Metrics, MetricsPageModule } from '#runtime';
import { runMain, startHttpApp } from '#app';
import { ConsoleModule } from '../console/console.module.js';
import { DistributionModule } from '../distribution/distribution.module.js';
import { GatewayModule } from '../gateway/gateway.module.js';
import { MediaModule } from '../media/media.module.js';
import { readConfig } from './config.js';

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
    AppModule.forRoot(operators, logger, [DistributionModule.forRoot(distribution)], metrics),
    {
      logger,
      host: distribution.LISTEN_HOST,
      port: distribution.PORT,
      portVariable: 'PORT',
      bodyLimit: 65_536,
      connections: { perAddress: distribution.GUEST_CONNECTIONS, variable: 'GUEST_CONNECTIONS' },
      legacyErrorField: true,
    },
  );
  const parts = [
    MetricsPageModule,
    ConsoleModule.forRoot(operators),
    MediaModule.forRoot(media),
    GatewayModule.forRoot(gateway),
  ];
  const own = await startHttpApp(AppModule.forRoot(operators, logger, parts, metrics), {
    logger,
    host: operators.CONSOLE_HOST,
    port: operators.CONSOLE_PORT,
    portVariable: 'CONSOLE_PORT',
    routesAt: '/openapi.json',
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

import { z } from 'zod';
import { migrateToLatest, openDatabase } from '#db';
import { judgeOldPlaceholders } from './old-placeholders.js';
import { AppError, commonFields, ConfigError, databaseUrl, loadConfig } from '#runtime';
import { refusedPatterns } from './saved-patterns.js';

/**
 * `npm run migrate`: brings the database of DATABASE_URL to the newest version; safe to run at any time, also
 * twice at once. Scripts of before in which a value would become code are listed and no longer run; with
 * `--keep` they are.
 */
try {
  const config = loadConfig(
    'migrate',
    z.object({
      INFINIBAY_BASE_DIR: commonFields.INFINIBAY_BASE_DIR,
      DATABASE_URL: commonFields.DATABASE_URL,
    }),
    process.env,
  );
  const database = await openDatabase(databaseUrl(config));
  const done = await migrateToLatest(database);
  console.log(done.length === 0 ? 'the database is up to date' : `migrated: ${done.join(', ')}`);
  for (const line of await refusedPatterns(database)) console.log(line);
  await judgeOldPlaceholders(database, { keep: process.argv.includes('--keep'), tell: console.log });
  await database.close();
} catch (error) {
  console.error(error instanceof ConfigError || error instanceof AppError ? error.message : error);
  process.exitCode = 1;
}

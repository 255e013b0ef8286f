/**
 * `npm run migration:create [-- name]`: compares the entities with each driver's committed snapshot and
 * writes what is missing as a new migration. `--check` writes nothing and fails when something is missing.
 */
import { MikroORM, type Options } from '@mikro-orm/core';
import { databaseOptions } from '../database.js';

const check = process.argv.includes('--check');
const name = process.argv.slice(2).find((word) => !word.startsWith('--'));
let missing = false;

for (const [driver, url] of [
  ['sqlite', 'sqlite::memory:'],
  ['postgresql', 'postgres://nobody@127.0.0.1:1/none'],
] as const) {
  const options = databaseOptions(url);
  const orm = new MikroORM({
    ...options,
    connect: false,
    migrations: {
      ...options.migrations,
      migrationsList: undefined,
      snapshot: true,
      snapshotName: `.snapshot-${driver}`,
      pathTs: `libs/db/migrations/${driver}`,
      path: `libs/db/migrations/${driver}`,
      emit: 'ts',
    },
  } as Options);
  if (check) {
    const due = await orm.migrator.checkSchema();
    console.log(
      `${driver}: ${due ? 'entities and migrations disagree: run npm run migration:create' : 'up to date'}`,
    );
    missing ||= due;
  } else {
    const { fileName } = await orm.migrator.create(undefined, false, false, name);
    console.log(`${driver}: ${fileName || 'nothing to do'}`);
  }
}
if (check && missing) process.exitCode = 1;

import type { MigrationObject } from '@mikro-orm/core';
import { Migration20261123200000_initial } from './Migration20261123200000_initial.js';
import { Migration20261123210000_execution_view } from './Migration20261123210000_execution_view.js';

/** In the order in which they run; released ones are never edited. */
export const postgresqlMigrations: MigrationObject[] = [
  { name: 'Migration20261123200000_initial', class: Migration20261123200000_initial },
  { name: 'Migration20261123210000_execution_view', class: Migration20261123210000_execution_view },
];

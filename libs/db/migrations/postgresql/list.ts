import type { MigrationObject } from '@mikro-orm/core';
import { Migration20261123200000_initial } from './Migration20261123200000_initial.js';
import { Migration20261123210000_execution_view } from './Migration20261123210000_execution_view.js';
import { Migration20261124125148_machine_command } from './Migration20261124125148_machine_command.js';
import { Migration20261124134439_run_content } from './Migration20261124134439_run_content.js';
import { Migration20261124215920_media_spool } from './Migration20261124215920_media_spool.js';
import { Migration20261127124355_machine_setup } from './Migration20261127124355_machine_setup.js';
import { Migration20261127163034_list_indexes } from './Migration20261127163034_list_indexes.js';
import { Migration20261127164550_medium_proof } from './Migration20261127164550_medium_proof.js';
import { Migration20261127172917_budgets } from './Migration20261127172917_budgets.js';
import { Migration20261127174610_script_placeholders } from './Migration20261127174610_script_placeholders.js';

/** In the order in which they run; released ones are never edited. */
export const postgresqlMigrations: MigrationObject[] = [
  { name: 'Migration20261123200000_initial', class: Migration20261123200000_initial },
  { name: 'Migration20261123210000_execution_view', class: Migration20261123210000_execution_view },
  { name: 'Migration20261124125148_machine_command', class: Migration20261124125148_machine_command },
  { name: 'Migration20261124134439_run_content', class: Migration20261124134439_run_content },
  { name: 'Migration20261124215920_media_spool', class: Migration20261124215920_media_spool },
  { name: 'Migration20261127124355_machine_setup', class: Migration20261127124355_machine_setup },
  { name: 'Migration20261127163034_list_indexes', class: Migration20261127163034_list_indexes },
  { name: 'Migration20261127164550_medium_proof', class: Migration20261127164550_medium_proof },
  { name: 'Migration20261127172917_budgets', class: Migration20261127172917_budgets },
  { name: 'Migration20261127174610_script_placeholders', class: Migration20261127174610_script_placeholders },
];

import { Migration } from '@mikro-orm/migrations';

export class Migration20261124125148_machine_command extends Migration {
  override name = 'Migration20261124125148_machine_command';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`machine_command\` (\`id\` text not null primary key, \`machine_id\` text not null, \`request\` json not null, \`state\` text not null default 'PENDING', \`timeout_seconds\` integer not null, \`success\` integer not null default false, \`exit_code\` double null, \`stdout\` text null, \`stderr\` text null, \`data\` json null, \`truncated\` integer not null default false, \`duration_ms\` double null, \`triggered_by\` text not null, \`created_at\` datetime not null, \`sent_at\` datetime null, \`answered_at\` datetime null);`,
    );
    this.addSql(
      `create index \`machine_command_state_created_at_index\` on \`machine_command\` (\`state\`, \`created_at\`);`,
    );
    this.addSql(
      `create index \`machine_command_machine_id_created_at_index\` on \`machine_command\` (\`machine_id\`, \`created_at\`);`,
    );
  }

  override down(): void | Promise<void> {
    this.addSql(`drop table if exists \`machine_command\`;`);
  }
}

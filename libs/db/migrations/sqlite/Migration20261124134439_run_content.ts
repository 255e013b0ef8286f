import { Migration } from '@mikro-orm/migrations';

export class Migration20261124134439_run_content extends Migration {
  override name = 'Migration20261124134439_run_content';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`run_content\` (\`token_sha256\` text not null primary key, \`machine_id\` text not null, \`execution_id\` text not null, \`sealed\` text not null, \`created_at\` datetime not null, \`expires_at\` datetime not null, \`fetched_at\` datetime null);`,
    );
    this.addSql(`create index \`run_content_expires_at_index\` on \`run_content\` (\`expires_at\`);`);
  }

  override down(): void | Promise<void> {
    this.addSql(`drop table if exists \`run_content\`;`);
  }
}

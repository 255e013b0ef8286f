import { Migration } from '@mikro-orm/migrations';

export class Migration20261124134439_run_content extends Migration {
  override name = 'Migration20261124134439_run_content';

  override up(): void | Promise<void> {
    this.addSql(
      `create table "run_content" ("token_sha256" varchar(64) not null, "machine_id" uuid not null, "execution_id" uuid not null, "sealed" text not null, "created_at" timestamptz(3) not null, "expires_at" timestamptz(3) not null, "fetched_at" timestamptz(3) null, primary key ("token_sha256"));`,
    );
    this.addSql(`create index "run_content_expires_at_index" on "run_content" ("expires_at");`);
  }

  override down(): void | Promise<void> {
    this.addSql(`drop table if exists "run_content" cascade;`);
  }
}

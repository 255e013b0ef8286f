import { Migration } from '@mikro-orm/migrations';

export class Migration20261124125148_machine_command extends Migration {
  override name = 'Migration20261124125148_machine_command';

  override up(): void | Promise<void> {
    this.addSql(
      `create table "machine_command" ("id" uuid not null, "machine_id" uuid not null, "request" jsonb not null, "state" varchar(16) not null default 'PENDING', "timeout_seconds" int not null, "success" boolean not null default false, "exit_code" double precision null, "stdout" text null, "stderr" text null, "data" jsonb null, "truncated" boolean not null default false, "duration_ms" double precision null, "triggered_by" varchar(128) not null, "created_at" timestamptz(3) not null, "sent_at" timestamptz(3) null, "answered_at" timestamptz(3) null, primary key ("id"));`,
    );
    this.addSql(
      `create index "machine_command_state_created_at_index" on "machine_command" ("state", "created_at");`,
    );
    this.addSql(
      `create index "machine_command_machine_id_created_at_index" on "machine_command" ("machine_id", "created_at");`,
    );
  }

  override down(): void | Promise<void> {
    this.addSql(`drop table if exists "machine_command" cascade;`);
  }
}

import { Migration } from '@mikro-orm/migrations';

export class Migration20261127172917_budgets extends Migration {
  override name = 'Migration20261127172917_budgets';

  override up(): void | Promise<void> {
    this.addSql(
      `create table "readiness" ("id" varchar(16) not null, "written_at" timestamptz(3) not null, primary key ("id"));`,
    );

    this.addSql(
      `alter table "download" add "who" varchar(64) null, add "day" varchar(10) null, add "count" int not null default 1;`,
    );
    this.addSql(
      `alter table "download" add constraint "download_who_sha256_day_unique" unique ("who", "sha256", "day");`,
    );

    this.addSql(`alter table "machine_event" add "bytes" int not null default 0;`);
  }

  override down(): void | Promise<void> {
    this.addSql(`drop table if exists "readiness" cascade;`);

    this.addSql(`alter table "download" drop constraint "download_who_sha256_day_unique";`);
    this.addSql(`alter table "download" drop column "who", drop column "day", drop column "count";`);

    this.addSql(`alter table "machine_event" drop column "bytes";`);
  }
}

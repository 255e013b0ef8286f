import { Migration } from '@mikro-orm/migrations';

export class Migration20261127172917_budgets extends Migration {
  override name = 'Migration20261127172917_budgets';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`readiness\` (\`id\` text not null primary key, \`written_at\` datetime not null);`,
    );

    this.addSql(`alter table \`download\` add column \`who\` text null;`);
    this.addSql(`alter table \`download\` add column \`day\` text null;`);
    this.addSql(`alter table \`download\` add column \`count\` integer not null default 1;`);
    this.addSql(
      `create unique index \`download_who_sha256_day_unique\` on \`download\` (\`who\`, \`sha256\`, \`day\`);`,
    );

    this.addSql(`alter table \`machine_event\` add column \`bytes\` integer not null default 0;`);
  }

  override down(): void | Promise<void> {
    this.addSql(`drop table if exists \`readiness\`;`);

    this.addSql(`drop index \`download_who_sha256_day_unique\`;`);
    this.addSql(`alter table \`download\` drop column \`who\`;`);
    this.addSql(`alter table \`download\` drop column \`day\`;`);
    this.addSql(`alter table \`download\` drop column \`count\`;`);

    this.addSql(`alter table \`machine_event\` drop column \`bytes\`;`);
  }
}

import { Migration } from '@mikro-orm/migrations';

export class Migration20261127164841 extends Migration {

  override name = 'Migration20261127164841';

  override up(): void | Promise<void> {
    this.addSql(`alter table "machine_event" add "bytes" int not null default 0;`);
  }

  override down(): void | Promise<void> {
    this.addSql(`alter table "machine_event" drop column "bytes";`);
  }

}

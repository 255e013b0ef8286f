import { Migration } from '@mikro-orm/migrations';

export class Migration20261124215920_media_spool extends Migration {
  override name = 'Migration20261124215920_media_spool';

  override up(): void | Promise<void> {
    this.addSql(`alter table \`media\` add column \`spool_before\` text null;`);
  }

  override down(): void | Promise<void> {
    this.addSql(`alter table \`media\` drop column \`spool_before\`;`);
  }
}

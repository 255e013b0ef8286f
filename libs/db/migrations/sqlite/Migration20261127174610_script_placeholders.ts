import { Migration } from '@mikro-orm/migrations';

export class Migration20261127174610_script_placeholders extends Migration {
  override name = 'Migration20261127174610_script_placeholders';

  override up(): void | Promise<void> {
    this.addSql(`alter table \`script_version\` add column \`placeholders\` text null;`);
  }

  override down(): void | Promise<void> {
    this.addSql(`alter table \`script_version\` drop column \`placeholders\`;`);
  }
}

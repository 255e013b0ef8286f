import { Migration } from '@mikro-orm/migrations';

export class Migration20261127124355_machine_setup extends Migration {
  override name = 'Migration20261127124355_machine_setup';

  override up(): void | Promise<void> {
    this.addSql(`alter table \`machine\` add column \`setup\` text null;`);
  }

  override down(): void | Promise<void> {
    this.addSql(`alter table \`machine\` drop column \`setup\`;`);
  }
}

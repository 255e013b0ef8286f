import { Migration } from '@mikro-orm/migrations';

export class Migration20261127164550_medium_proof extends Migration {
  override name = 'Migration20261127164550_medium_proof';

  override up(): void | Promise<void> {
    this.addSql(`alter table \`machine\` add column \`identity\` text null;`);
    this.addSql(`alter table \`machine\` add column \`proved_medium\` text null;`);
    this.addSql(`alter table \`machine\` add column \`first_boot_from\` datetime null;`);

    this.addSql(`alter table \`media\` add column \`proof_sha256\` text null;`);
    this.addSql(`alter table \`media\` add column \`binary_fetched_at\` datetime null;`);
    this.addSql(`alter table \`media\` add column \`script_fetched_at\` datetime null;`);
    this.addSql(`create unique index \`media_proof_sha256_unique\` on \`media\` (\`proof_sha256\`);`);

    this.addSql(`alter table \`script_execution\` add column \`media_id\` text null;`);
  }

  override down(): void | Promise<void> {
    this.addSql(`alter table \`machine\` drop column \`identity\`;`);
    this.addSql(`alter table \`machine\` drop column \`proved_medium\`;`);
    this.addSql(`alter table \`machine\` drop column \`first_boot_from\`;`);

    this.addSql(`drop index \`media_proof_sha256_unique\`;`);
    this.addSql(`alter table \`media\` drop column \`proof_sha256\`;`);
    this.addSql(`alter table \`media\` drop column \`binary_fetched_at\`;`);
    this.addSql(`alter table \`media\` drop column \`script_fetched_at\`;`);

    this.addSql(`alter table \`script_execution\` drop column \`media_id\`;`);
  }
}

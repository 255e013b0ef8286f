import { Migration } from '@mikro-orm/migrations';

export class Migration20261127164550_medium_proof extends Migration {
  override name = 'Migration20261127164550_medium_proof';

  override up(): void | Promise<void> {
    this.addSql(
      `alter table "machine" add "identity" varchar(32) null, add "proved_medium" uuid null, add "first_boot_from" timestamptz(3) null;`,
    );

    this.addSql(
      `alter table "media" add "proof_sha256" varchar(64) null, add "binary_fetched_at" timestamptz(3) null, add "script_fetched_at" timestamptz(3) null;`,
    );
    this.addSql(`alter table "media" add constraint "media_proof_sha256_unique" unique ("proof_sha256");`);

    this.addSql(`alter table "script_execution" add "media_id" uuid null;`);
  }

  override down(): void | Promise<void> {
    this.addSql(
      `alter table "machine" drop column "identity", drop column "proved_medium", drop column "first_boot_from";`,
    );

    this.addSql(`alter table "media" drop constraint "media_proof_sha256_unique";`);
    this.addSql(
      `alter table "media" drop column "proof_sha256", drop column "binary_fetched_at", drop column "script_fetched_at";`,
    );

    this.addSql(`alter table "script_execution" drop column "media_id";`);
  }
}

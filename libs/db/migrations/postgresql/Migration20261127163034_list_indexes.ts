import { Migration } from '@mikro-orm/migrations';

export class Migration20261127163034_list_indexes extends Migration {
  override name = 'Migration20261127163034_list_indexes';

  override up(): void | Promise<void> {
    this.addSql(`drop index "audit_entry_created_at_index";`);
    this.addSql(`create index "audit_entry_list" on "audit_entry" ("created_at", "id");`);

    this.addSql(`drop index "download_machine_id_created_at_index";`);
    this.addSql(`create index "download_age" on "download" ("created_at", "id");`);
    this.addSql(`create index "download_list" on "download" ("machine_id", "created_at", "id");`);

    this.addSql(`create index "idempotency_key_age" on "idempotency_key" ("created_at");`);

    this.addSql(`create index "machine_of_name" on "machine" ("name", "created_at", "id");`);
    this.addSql(`create index "machine_list" on "machine" ("created_at", "id");`);
    this.addSql(`create index "machine_of_owner" on "machine" ("lease_owner");`);

    this.addSql(`drop index "machine_command_machine_id_created_at_index";`);
    this.addSql(
      `create index "machine_command_list" on "machine_command" ("machine_id", "created_at", "id");`,
    );

    this.addSql(`drop index "machine_event_machine_id_created_at_index";`);
    this.addSql(
      `create index "machine_event_of_kind" on "machine_event" ("machine_id", "kind", "created_at", "id");`,
    );
    this.addSql(`create index "machine_event_list" on "machine_event" ("machine_id", "created_at", "id");`);

    this.addSql(`create index "media_of_state" on "media" ("state", "deleted_at");`);

    this.addSql(`create index "script_list" on "script" ("created_at", "id");`);

    this.addSql(`drop index "script_execution_history";`);
    this.addSql(
      `create index "script_execution_of_version" on "script_execution" ("script_id", "script_version");`,
    );
    this.addSql(
      `create index "script_execution_of_script" on "script_execution" ("machine_id", "script_id", "created_at", "id");`,
    );
    this.addSql(
      `create index "script_execution_of_series_status" on "script_execution" ("series_id", "status", "created_at", "id");`,
    );
    this.addSql(
      `create index "script_execution_of_machine_status" on "script_execution" ("machine_id", "status", "created_at", "id");`,
    );
    this.addSql(
      `create index "script_execution_of_series" on "script_execution" ("series_id", "created_at", "id");`,
    );
    this.addSql(
      `create index "script_execution_of_status" on "script_execution" ("status", "created_at", "id");`,
    );
    this.addSql(
      `create index "script_execution_of_machine" on "script_execution" ("machine_id", "created_at", "id");`,
    );
    this.addSql(`create index "script_execution_list" on "script_execution" ("created_at", "id");`);
  }

  override down(): void | Promise<void> {
    this.addSql(`drop index "audit_entry_list";`);
    this.addSql(`create index "audit_entry_created_at_index" on "audit_entry" ("created_at");`);

    this.addSql(`drop index "download_age";`);
    this.addSql(`drop index "download_list";`);
    this.addSql(
      `create index "download_machine_id_created_at_index" on "download" ("machine_id", "created_at");`,
    );

    this.addSql(`drop index "idempotency_key_age";`);

    this.addSql(`drop index "machine_of_name";`);
    this.addSql(`drop index "machine_list";`);
    this.addSql(`drop index "machine_of_owner";`);

    this.addSql(`drop index "machine_command_list";`);
    this.addSql(
      `create index "machine_command_machine_id_created_at_index" on "machine_command" ("machine_id", "created_at");`,
    );

    this.addSql(`drop index "machine_event_of_kind";`);
    this.addSql(`drop index "machine_event_list";`);
    this.addSql(
      `create index "machine_event_machine_id_created_at_index" on "machine_event" ("machine_id", "created_at");`,
    );

    this.addSql(`drop index "media_of_state";`);

    this.addSql(`drop index "script_list";`);

    this.addSql(`drop index "script_execution_of_version";`);
    this.addSql(`drop index "script_execution_of_script";`);
    this.addSql(`drop index "script_execution_of_series_status";`);
    this.addSql(`drop index "script_execution_of_machine_status";`);
    this.addSql(`drop index "script_execution_of_series";`);
    this.addSql(`drop index "script_execution_of_status";`);
    this.addSql(`drop index "script_execution_of_machine";`);
    this.addSql(`drop index "script_execution_list";`);
    this.addSql(
      `create index "script_execution_history" on "script_execution" ("machine_id", "created_at");`,
    );
  }
}

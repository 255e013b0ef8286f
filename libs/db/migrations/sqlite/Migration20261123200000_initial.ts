import { Migration } from '@mikro-orm/migrations';

export class Migration20261123200000_initial extends Migration {
  override name = 'Migration20261123200000_initial';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`artifact\` (\`id\` text not null primary key, \`platform\` text not null, \`arch\` text not null, \`kind\` text not null, \`file\` text not null, \`version\` text not null, \`size\` double not null, \`sha256\` text not null, \`signature\` text null, \`current\` integer not null default true, \`created_at\` datetime not null, \`updated_at\` datetime not null);`,
    );
    this.addSql(`create index \`artifact_sha256_index\` on \`artifact\` (\`sha256\`);`);
    this.addSql(
      `create unique index \`artifact_platform_arch_kind_sha256_unique\` on \`artifact\` (\`platform\`, \`arch\`, \`kind\`, \`sha256\`);`,
    );

    this.addSql(
      `create table \`audit_entry\` (\`id\` text not null primary key, \`actor\` text not null, \`action\` text not null, \`subject_type\` text not null, \`subject_id\` text not null, \`before\` json null, \`after\` json null, \`correlation_id\` text not null, \`created_at\` datetime not null);`,
    );
    this.addSql(`create index \`audit_entry_created_at_index\` on \`audit_entry\` (\`created_at\`);`);

    this.addSql(
      `create table \`console_token\` (\`id\` text not null primary key, \`name\` text not null, \`sha256\` text not null, \`created_at\` datetime not null, \`revoked_at\` datetime null);`,
    );
    this.addSql(`create unique index \`console_token_name_unique\` on \`console_token\` (\`name\`);`);
    this.addSql(`create unique index \`console_token_sha256_unique\` on \`console_token\` (\`sha256\`);`);

    this.addSql(
      `create table \`download\` (\`id\` text not null primary key, \`machine_id\` text null, \`address\` text not null, \`sha256\` text not null, \`file\` text not null, \`version\` text not null, \`bytes\` double not null, \`status\` integer not null, \`result\` text not null, \`created_at\` datetime not null);`,
    );
    this.addSql(
      `create index \`download_machine_id_created_at_index\` on \`download\` (\`machine_id\`, \`created_at\`);`,
    );

    this.addSql(
      `create table \`host\` (\`id\` text not null primary key, \`instance\` text not null, \`version\` text not null, \`machines\` integer not null default 0, \`ready\` integer not null default 0, \`started_at\` datetime not null, \`last_seen_at\` datetime not null);`,
    );

    this.addSql(
      `create table \`idempotency_key\` (\`id\` text not null primary key, \`scope\` text not null, \`key\` text not null, \`body_sha256\` text not null, \`status\` integer not null default 0, \`response\` json null, \`created_at\` datetime not null);`,
    );
    this.addSql(
      `create unique index \`idempotency_key_scope_key_unique\` on \`idempotency_key\` (\`scope\`, \`key\`);`,
    );

    this.addSql(
      `create table \`machine\` (\`id\` text not null primary key, \`name\` text not null, \`registered\` integer not null default true, \`os\` text null, \`host_id\` text null, \`channel\` text not null default 'unknown', \`channel_detail\` text null, \`protocol\` integer null, \`agent_version\` text null, \`agent_sha256\` text null, \`platform\` text null, \`arch\` text null, \`session\` text null, \`boot_id\` text null, \`spool_id\` text null, \`secret\` text null, \`max_concurrent\` integer not null default 1, \`lease_owner\` text null, \`lease_expires_at\` datetime null, \`epoch\` integer not null default 0, \`hello_at\` datetime null, \`last_seen_at\` datetime null, \`created_at\` datetime not null, \`updated_at\` datetime not null);`,
    );
    this.addSql(`create index \`machine_host_id_index\` on \`machine\` (\`host_id\`);`);

    this.addSql(
      `create table \`machine_event\` (\`id\` text not null primary key, \`machine_id\` text not null, \`kind\` text not null, \`severity\` text not null, \`code\` text not null, \`message\` text not null, \`execution_id\` text null, \`data\` json null, \`created_at\` datetime not null);`,
    );
    this.addSql(
      `create index \`machine_event_machine_id_created_at_index\` on \`machine_event\` (\`machine_id\`, \`created_at\`);`,
    );

    this.addSql(
      `create table \`media\` (\`id\` text not null primary key, \`machine_id\` text not null, \`request_id\` text not null, \`state\` text not null default 'building', \`family\` text not null, \`version\` text not null, \`source\` text not null, \`files\` json not null, \`plan\` json null, \`pins\` json not null, \`execution_ids\` json not null, \`created_at\` datetime not null, \`expires_at\` datetime not null, \`deleted_at\` datetime null);`,
    );
    this.addSql(`create unique index \`media_request_id_unique\` on \`media\` (\`request_id\`);`);
    this.addSql(`create index \`media_machine_id_index\` on \`media\` (\`machine_id\`);`);

    this.addSql(
      `create table \`script\` (\`id\` text not null primary key, \`version\` integer not null default 1, \`created_at\` datetime not null, \`updated_at\` datetime not null);`,
    );

    this.addSql(
      `create table \`script_execution\` (\`id\` text not null primary key, \`script_id\` text not null, \`script_version\` integer not null, \`machine_id\` text not null, \`execution_type\` text not null, \`status\` text not null default 'PENDING', \`failure_reason\` text null, \`series_id\` text null, \`slot\` integer null, \`order\` integer not null default 0, \`scheduled_for\` datetime not null, \`deliver_by\` datetime null, \`repeat_interval_minutes\` integer null, \`last_executed_at\` datetime null, \`execution_count\` integer not null default 0, \`max_executions\` integer null, \`input_values\` json not null, \`timeout_seconds\` integer not null, \`run_as\` text null, \`attempt\` integer not null default 1, \`epoch\` integer not null default 0, \`delivery_started_at\` datetime null, \`started_at\` datetime null, \`start_confirmed\` integer not null default false, \`completed_at\` datetime null, \`boot_id\` text null, \`exit_code\` double null, \`signal\` integer null, \`stdout\` text null, \`stderr\` text null, \`stdout_bytes\` double not null default 0, \`stderr_bytes\` double not null default 0, \`stdout_sha256\` text null, \`stderr_sha256\` text null, \`truncated\` integer not null default false, \`survivors\` integer null, \`duration_ms\` double null, \`error\` text null, \`lease_owner\` text null, \`lease_expires_at\` datetime null, \`cancel_requested_at\` datetime null, \`triggered_by\` text not null, \`created_at\` datetime not null, \`updated_at\` datetime not null);`,
    );
    this.addSql(
      `create index \`script_execution_history\` on \`script_execution\` (\`machine_id\`, \`created_at\`);`,
    );
    this.addSql(
      `create index \`script_execution_sweep\` on \`script_execution\` (\`status\`, \`lease_expires_at\`);`,
    );
    this.addSql(
      `create index \`script_execution_due\` on \`script_execution\` (\`machine_id\`, \`status\`, \`scheduled_for\`);`,
    );
    this.addSql(
      `create unique index \`script_execution_slot\` on \`script_execution\` (\`series_id\`, \`slot\`);`,
    );

    this.addSql(
      `create table \`script_version\` (\`id\` text not null primary key, \`script_id\` text not null, \`version\` integer not null, \`name\` text not null, \`description\` text null, \`platforms\` json not null, \`shell\` text not null, \`content\` text not null, \`inputs\` json not null, \`timeout_seconds\` integer not null, \`run_as\` text null, \`retry\` json null, \`sha256\` text not null, \`created_at\` datetime not null);`,
    );
    this.addSql(
      `create unique index \`script_version_script_id_version_unique\` on \`script_version\` (\`script_id\`, \`version\`);`,
    );

    this.addSql(
      `create table \`series\` (\`id\` text not null primary key, \`machine_id\` text not null, \`script_id\` text not null, \`rule\` json not null, \`max_executions\` integer null, \`execution_count\` integer not null default 0, \`last_executed_at\` datetime null, \`stopped_at\` datetime null, \`stop_reason\` text null, \`created_at\` datetime not null);`,
    );
    this.addSql(`create index \`series_machine_id_index\` on \`series\` (\`machine_id\`);`);
  }

  override down(): void | Promise<void> {
    this.addSql(`drop table if exists \`artifact\`;`);
    this.addSql(`drop table if exists \`audit_entry\`;`);
    this.addSql(`drop table if exists \`console_token\`;`);
    this.addSql(`drop table if exists \`download\`;`);
    this.addSql(`drop table if exists \`host\`;`);
    this.addSql(`drop table if exists \`idempotency_key\`;`);
    this.addSql(`drop table if exists \`machine\`;`);
    this.addSql(`drop table if exists \`machine_event\`;`);
    this.addSql(`drop table if exists \`media\`;`);
    this.addSql(`drop table if exists \`script\`;`);
    this.addSql(`drop table if exists \`script_execution\`;`);
    this.addSql(`drop table if exists \`script_version\`;`);
    this.addSql(`drop table if exists \`series\`;`);
  }
}

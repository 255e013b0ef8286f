import { Migration } from '@mikro-orm/migrations';

export class Migration20261123200000_initial extends Migration {
  override name = 'Migration20261123200000_initial';

  override up(): void | Promise<void> {
    this.addSql(
      `create table "artifact" ("id" uuid not null, "platform" varchar(16) not null, "arch" varchar(16) not null, "kind" varchar(16) not null, "file" varchar(128) not null, "version" varchar(64) not null, "size" double precision not null, "sha256" varchar(64) not null, "signature" text null, "current" boolean not null default true, "created_at" timestamptz(3) not null, "updated_at" timestamptz(3) not null, primary key ("id"));`,
    );
    this.addSql(`create index "artifact_sha256_index" on "artifact" ("sha256");`);
    this.addSql(
      `alter table "artifact" add constraint "artifact_platform_arch_kind_sha256_unique" unique ("platform", "arch", "kind", "sha256");`,
    );

    this.addSql(
      `create table "audit_entry" ("id" uuid not null, "actor" varchar(128) not null, "action" varchar(64) not null, "subject_type" varchar(32) not null, "subject_id" varchar(128) not null, "before" jsonb null, "after" jsonb null, "correlation_id" varchar(64) not null, "created_at" timestamptz(3) not null, primary key ("id"));`,
    );
    this.addSql(`create index "audit_entry_created_at_index" on "audit_entry" ("created_at");`);

    this.addSql(
      `create table "console_token" ("id" uuid not null, "name" varchar(128) not null, "sha256" varchar(64) not null, "created_at" timestamptz(3) not null, "revoked_at" timestamptz(3) null, primary key ("id"));`,
    );
    this.addSql(`alter table "console_token" add constraint "console_token_name_unique" unique ("name");`);
    this.addSql(
      `alter table "console_token" add constraint "console_token_sha256_unique" unique ("sha256");`,
    );

    this.addSql(
      `create table "download" ("id" uuid not null, "machine_id" uuid null, "address" varchar(64) not null, "sha256" varchar(64) not null, "file" varchar(128) not null, "version" varchar(64) not null, "bytes" double precision not null, "status" int not null, "result" varchar(16) not null, "created_at" timestamptz(3) not null, primary key ("id"));`,
    );
    this.addSql(
      `create index "download_machine_id_created_at_index" on "download" ("machine_id", "created_at");`,
    );

    this.addSql(
      `create table "host" ("id" varchar(253) not null, "instance" varchar(320) not null, "version" varchar(64) not null, "machines" int not null default 0, "ready" int not null default 0, "started_at" timestamptz(3) not null, "last_seen_at" timestamptz(3) not null, primary key ("id"));`,
    );

    this.addSql(
      `create table "idempotency_key" ("id" uuid not null, "scope" varchar(255) not null, "key" varchar(255) not null, "body_sha256" varchar(64) not null, "status" int not null default 0, "response" jsonb null, "created_at" timestamptz(3) not null, primary key ("id"));`,
    );
    this.addSql(
      `alter table "idempotency_key" add constraint "idempotency_key_scope_key_unique" unique ("scope", "key");`,
    );

    this.addSql(
      `create table "machine" ("id" uuid not null, "name" varchar(253) not null, "registered" boolean not null default true, "os" varchar(16) null, "host_id" varchar(253) null, "channel" varchar(16) not null default 'unknown', "channel_detail" varchar(512) null, "protocol" int null, "agent_version" varchar(64) null, "agent_sha256" varchar(64) null, "platform" varchar(32) null, "arch" varchar(32) null, "session" varchar(64) null, "boot_id" varchar(64) null, "spool_id" varchar(64) null, "secret" varchar(16) null, "max_concurrent" int not null default 1, "lease_owner" varchar(320) null, "lease_expires_at" timestamptz(3) null, "epoch" int not null default 0, "hello_at" timestamptz(3) null, "last_seen_at" timestamptz(3) null, "created_at" timestamptz(3) not null, "updated_at" timestamptz(3) not null, primary key ("id"));`,
    );
    this.addSql(`create index "machine_host_id_index" on "machine" ("host_id");`);

    this.addSql(
      `create table "machine_event" ("id" uuid not null, "machine_id" uuid not null, "kind" varchar(16) not null, "severity" varchar(16) not null, "code" varchar(128) not null, "message" text not null, "execution_id" varchar(128) null, "data" jsonb null, "created_at" timestamptz(3) not null, primary key ("id"));`,
    );
    this.addSql(
      `create index "machine_event_machine_id_created_at_index" on "machine_event" ("machine_id", "created_at");`,
    );

    this.addSql(
      `create table "media" ("id" uuid not null, "machine_id" uuid not null, "request_id" varchar(160) not null, "state" varchar(16) not null default 'building', "family" varchar(16) not null, "version" varchar(16) not null, "source" varchar(16) not null, "files" jsonb not null, "plan" jsonb null, "pins" jsonb not null, "execution_ids" jsonb not null, "created_at" timestamptz(3) not null, "expires_at" timestamptz(3) not null, "deleted_at" timestamptz(3) null, primary key ("id"));`,
    );
    this.addSql(`alter table "media" add constraint "media_request_id_unique" unique ("request_id");`);
    this.addSql(`create index "media_machine_id_index" on "media" ("machine_id");`);

    this.addSql(
      `create table "script" ("id" uuid not null, "version" int not null default 1, "created_at" timestamptz(3) not null, "updated_at" timestamptz(3) not null, primary key ("id"));`,
    );

    this.addSql(
      `create table "script_execution" ("id" uuid not null, "script_id" uuid not null, "script_version" int not null, "machine_id" uuid not null, "execution_type" varchar(16) not null, "status" varchar(16) not null default 'PENDING', "failure_reason" varchar(32) null, "series_id" uuid null, "slot" int null, "order" int not null default 0, "scheduled_for" timestamptz(3) not null, "deliver_by" timestamptz(3) null, "repeat_interval_minutes" int null, "last_executed_at" timestamptz(3) null, "execution_count" int not null default 0, "max_executions" int null, "input_values" jsonb not null, "timeout_seconds" int not null, "run_as" varchar(128) null, "attempt" int not null default 1, "epoch" int not null default 0, "delivery_started_at" timestamptz(3) null, "started_at" timestamptz(3) null, "start_confirmed" boolean not null default false, "completed_at" timestamptz(3) null, "boot_id" varchar(64) null, "exit_code" double precision null, "signal" int null, "stdout" text null, "stderr" text null, "stdout_bytes" double precision not null default 0, "stderr_bytes" double precision not null default 0, "stdout_sha256" varchar(64) null, "stderr_sha256" varchar(64) null, "truncated" boolean not null default false, "survivors" int null, "duration_ms" double precision null, "error" text null, "lease_owner" varchar(320) null, "lease_expires_at" timestamptz(3) null, "cancel_requested_at" timestamptz(3) null, "triggered_by" varchar(128) not null, "created_at" timestamptz(3) not null, "updated_at" timestamptz(3) not null, primary key ("id"));`,
    );
    this.addSql(
      `create index "script_execution_history" on "script_execution" ("machine_id", "created_at");`,
    );
    this.addSql(
      `create index "script_execution_sweep" on "script_execution" ("status", "lease_expires_at");`,
    );
    this.addSql(
      `create index "script_execution_due" on "script_execution" ("machine_id", "status", "scheduled_for");`,
    );
    this.addSql(
      `alter table "script_execution" add constraint "script_execution_slot" unique ("series_id", "slot");`,
    );

    this.addSql(
      `create table "script_version" ("id" uuid not null, "script_id" uuid not null, "version" int not null, "name" varchar(100) not null, "description" text null, "platforms" jsonb not null, "shell" varchar(16) not null, "content" text not null, "inputs" jsonb not null, "timeout_seconds" int not null, "run_as" varchar(128) null, "retry" jsonb null, "sha256" varchar(64) not null, "created_at" timestamptz(3) not null, primary key ("id"));`,
    );
    this.addSql(
      `alter table "script_version" add constraint "script_version_script_id_version_unique" unique ("script_id", "version");`,
    );

    this.addSql(
      `create table "series" ("id" uuid not null, "machine_id" uuid not null, "script_id" uuid not null, "rule" jsonb not null, "max_executions" int null, "execution_count" int not null default 0, "last_executed_at" timestamptz(3) null, "stopped_at" timestamptz(3) null, "stop_reason" varchar(64) null, "created_at" timestamptz(3) not null, primary key ("id"));`,
    );
    this.addSql(`create index "series_machine_id_index" on "series" ("machine_id");`);
  }

  override down(): void | Promise<void> {
    this.addSql(`drop table if exists "artifact" cascade;`);
    this.addSql(`drop table if exists "audit_entry" cascade;`);
    this.addSql(`drop table if exists "console_token" cascade;`);
    this.addSql(`drop table if exists "download" cascade;`);
    this.addSql(`drop table if exists "host" cascade;`);
    this.addSql(`drop table if exists "idempotency_key" cascade;`);
    this.addSql(`drop table if exists "machine" cascade;`);
    this.addSql(`drop table if exists "machine_event" cascade;`);
    this.addSql(`drop table if exists "media" cascade;`);
    this.addSql(`drop table if exists "script" cascade;`);
    this.addSql(`drop table if exists "script_execution" cascade;`);
    this.addSql(`drop table if exists "script_version" cascade;`);
    this.addSql(`drop table if exists "series" cascade;`);
  }
}

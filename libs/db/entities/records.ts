import { Entity, Index, PrimaryKey, Unique } from '@mikro-orm/decorators/legacy';
import { Id, Int, Json, Str, Text, Time } from './columns.js';

/** Something that happened to or was said by a machine. */
@Entity({ tableName: 'machine_event' })
@Index({ name: 'machine_event_list', properties: ['machineId', 'createdAt', 'id'] })
@Index({ name: 'machine_event_of_kind', properties: ['machineId', 'kind', 'createdAt', 'id'] })
export class MachineEvent {
  @PrimaryKey({ type: 'uuid' })
  id!: string;

  @Id()
  machineId!: string;

  @Str(16)
  kind!: 'agent' | 'channel' | 'security' | 'install' | 'metrics';

  @Str(16)
  severity!: 'debug' | 'info' | 'warn' | 'error';

  /** Stable and dotted, e.g. `security.vm_id_mismatch`. */
  @Str(128)
  code!: string;

  @Text()
  message!: string;

  @Str(128, true)
  executionId: string | null = null;

  @Json(true)
  data: unknown = null;

  /** Of message and data; 0 for rows from before they were counted. */
  @Int()
  bytes = 0;

  @Time()
  createdAt!: Date;
}

/** Who changed what; rows are only added. */
@Entity({ tableName: 'audit_entry' })
@Index({ name: 'audit_entry_list', properties: ['createdAt', 'id'] })
export class AuditEntry {
  @PrimaryKey({ type: 'uuid' })
  id!: string;

  @Str(128)
  actor!: string;

  /** e.g. `script.update`. */
  @Str(64)
  action!: string;

  @Str(32)
  subjectType!: string;

  @Str(128)
  subjectId!: string;

  /** Never a secret. */
  @Json(true)
  before: unknown = null;

  @Json(true)
  after: unknown = null;

  @Str(64)
  correlationId!: string;

  @Time()
  createdAt!: Date;
}

/** An operator's token; only its hash is kept. */
@Entity({ tableName: 'console_token' })
export class ConsoleToken {
  @PrimaryKey({ type: 'uuid' })
  id!: string;

  @Str(128)
  @Unique()
  name!: string;

  @Str(64)
  @Unique()
  sha256!: string;

  @Time()
  createdAt!: Date;

  @Time(true)
  revokedAt: Date | null = null;
}

/**
 * An answer that is given again for the same `Idempotency-Key`. Of work that is longer than a transaction the
 * row is held while it lasts: `id` is the holder's, and `createdAt` when its lease was renewed.
 */
@Entity({ tableName: 'idempotency_key' })
@Unique({ properties: ['scope', 'key'] })
@Index({ name: 'idempotency_key_age', properties: ['createdAt'] })
export class IdempotencyKey {
  @PrimaryKey({ type: 'uuid' })
  id!: string;

  /** Caller, method, path and query, as one hash; or the pattern on the bus. */
  @Str(255)
  scope!: string;

  @Str(255)
  key!: string;

  /** Of the body; the body itself is not kept. */
  @Str(64)
  bodySha256!: string;

  /** 0 while the first request is at work; nobody but its holder sees it where all is one transaction. */
  @Int()
  status = 0;

  @Json(true)
  response: unknown = null;

  @Time()
  createdAt!: Date;
}

/** Written whenever a process is asked whether it is ready: a database that is full or read-only is not. */
@Entity({ tableName: 'readiness' })
export class Readiness {
  /** The database has one row for all processes. */
  @PrimaryKey({ type: 'string', length: 16 })
  id!: string;

  @Time()
  writtenAt!: Date;
}

import { Entity, Index, PrimaryKey, Unique } from '@mikro-orm/decorators/legacy';
import type { ExecutionStatus, ExecutionType, FailureReason } from '#protocol';
import type { SeriesRule } from '../schedule/series-rule.js';
import { Big, Bool, Id, Int, Json, Str, Text, Time } from './columns.js';

/** An input as it is stored: a plain value, or a password sealed under SECRETS_KEY. */
export type StoredInput = string | number | boolean | { sealed: string };

/** One run of one script on one machine. */
@Entity({ tableName: 'script_execution' })
@Index({ name: 'script_execution_due', properties: ['machineId', 'status', 'scheduledFor'] })
@Index({ name: 'script_execution_sweep', properties: ['status', 'leaseExpiresAt'] })
// Lists: what a filter names by equality, then their order, so that a page costs its own rows alone.
@Index({ name: 'script_execution_list', properties: ['createdAt', 'id'] })
@Index({ name: 'script_execution_of_machine', properties: ['machineId', 'createdAt', 'id'] })
@Index({ name: 'script_execution_of_status', properties: ['status', 'createdAt', 'id'] })
@Index({ name: 'script_execution_of_series', properties: ['seriesId', 'createdAt', 'id'] })
@Index({
  name: 'script_execution_of_machine_status',
  properties: ['machineId', 'status', 'createdAt', 'id'],
})
@Index({
  name: 'script_execution_of_series_status',
  properties: ['seriesId', 'status', 'createdAt', 'id'],
})
// Retention: the newest of a script on a machine, and whether a version is named.
@Index({ name: 'script_execution_of_script', properties: ['machineId', 'scriptId', 'createdAt', 'id'] })
@Index({ name: 'script_execution_of_version', properties: ['scriptId', 'scriptVersion'] })
@Unique({ name: 'script_execution_slot', properties: ['seriesId', 'slot'] })
export class ScriptExecution {
  @PrimaryKey({ type: 'uuid' })
  id!: string;

  @Id()
  scriptId!: string;

  @Int()
  scriptVersion!: number;

  @Id()
  machineId!: string;

  @Str(16)
  executionType!: ExecutionType;

  @Str(16)
  status: ExecutionStatus = 'PENDING';

  @Str(32, true)
  failureReason: FailureReason | null = null;

  @Id(true)
  seriesId: string | null = null;

  /** Position of this run on the series' grid. */
  @Int(true)
  slot: number | null = null;

  /**
   * The medium whose installation a FIRST_BOOT row belongs to; null for all others, and for rows of media
   * without a proof.
   */
  @Id(true)
  mediaId: string | null = null;

  /** Lower first. A FIRST_BOOT row waits for all lower ones to be final. */
  @Int()
  order = 0;

  @Time()
  scheduledFor!: Date;

  @Time(true)
  deliverBy: Date | null = null;

  @Int(true)
  repeatIntervalMinutes: number | null = null;

  /** Of the series, as of this row's end; of a single run, its own. */
  @Time(true)
  lastExecutedAt: Date | null = null;

  @Int()
  executionCount = 0;

  @Int(true)
  maxExecutions: number | null = null;

  @Json()
  inputValues: Record<string, StoredInput> = {};

  @Int()
  timeoutSeconds!: number;

  @Str(128, true)
  runAs: string | null = null;

  @Int()
  attempt = 1;

  @Int()
  epoch = 0;

  @Time(true)
  deliveryStartedAt: Date | null = null;

  @Time(true)
  startedAt: Date | null = null;

  /** The agent said `script_started` for this attempt. */
  @Bool()
  startConfirmed = false;

  @Time(true)
  completedAt: Date | null = null;

  @Str(64, true)
  bootId: string | null = null;

  @Big(true)
  exitCode: number | null = null;

  @Int(true)
  signal: number | null = null;

  @Text(true)
  stdout: string | null = null;

  @Text(true)
  stderr: string | null = null;

  @Big()
  stdoutBytes = 0;

  @Big()
  stderrBytes = 0;

  @Str(64, true)
  stdoutSha256: string | null = null;

  @Str(64, true)
  stderrSha256: string | null = null;

  @Bool()
  truncated = false;

  /** Processes of the script that outlived the kill. */
  @Int(true)
  survivors: number | null = null;

  @Big(true)
  durationMs: number | null = null;

  /** Why it failed, in words. */
  @Text(true)
  error: string | null = null;

  @Str(320, true)
  leaseOwner: string | null = null;

  @Time(true)
  leaseExpiresAt: Date | null = null;

  @Time(true)
  cancelRequestedAt: Date | null = null;

  @Str(128)
  triggeredBy!: string;

  @Time()
  createdAt!: Date;

  @Time()
  updatedAt!: Date;
}

/** The runs of one repeating schedule on one machine. */
@Entity({ tableName: 'series' })
@Index({ properties: ['machineId'] })
export class Series {
  @PrimaryKey({ type: 'uuid' })
  id!: string;

  @Id()
  machineId!: string;

  @Id()
  scriptId!: string;

  @Json()
  rule!: SeriesRule;

  @Int(true)
  maxExecutions: number | null = null;

  @Int()
  executionCount = 0;

  @Time(true)
  lastExecutedAt: Date | null = null;

  @Time(true)
  stoppedAt: Date | null = null;

  @Str(64, true)
  stopReason: string | null = null;

  @Time()
  createdAt!: Date;
}

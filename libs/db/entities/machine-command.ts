import { Entity, Index, PrimaryKey } from '@mikro-orm/decorators/legacy';
import type { CommandRequest, CommandState } from '#protocol';
import { Big, Bool, Id, Int, Json, Str, Text, Time } from './columns.js';

/** A question to a machine that is running now. Unlike a script it is asked at most once and never again. */
@Entity({ tableName: 'machine_command' })
@Index({ name: 'machine_command_list', properties: ['machineId', 'createdAt', 'id'] })
@Index({ properties: ['state', 'createdAt'] })
export class MachineCommand {
  @PrimaryKey({ type: 'uuid' })
  id!: string;

  @Id()
  machineId!: string;

  @Json()
  request!: CommandRequest;

  /** PENDING, then SENT, then ANSWERED; EXPIRED was never sent, LOST was sent and not answered in time. */
  @Str(16)
  state: CommandState = 'PENDING';

  @Int()
  timeoutSeconds!: number;

  @Bool()
  success = false;

  @Big(true)
  exitCode: number | null = null;

  @Text(true)
  stdout: string | null = null;

  @Text(true)
  stderr: string | null = null;

  @Json(true)
  data: unknown = null;

  /** Something of the answer was left out. */
  @Bool()
  truncated = false;

  /** By the agent's clock. */
  @Big(true)
  durationMs: number | null = null;

  @Str(128)
  triggeredBy!: string;

  @Time()
  createdAt!: Date;

  @Time(true)
  sentAt: Date | null = null;

  @Time(true)
  answeredAt: Date | null = null;
}

import { Entity, PrimaryKey } from '@mikro-orm/decorators/legacy';
import { Int, Str, Time } from './columns.js';

/** A hypervisor, as its gateway reports it. */
@Entity({ tableName: 'host' })
export class Host {
  /** HOST_ID. */
  @PrimaryKey({ type: 'string', length: 253 })
  id!: string;

  /** The running process: its lease owner name. */
  @Str(320)
  instance!: string;

  @Str(64)
  version!: string;

  /** Sockets it knows. */
  @Int()
  machines = 0;

  /** Of these, channels that are ready. */
  @Int()
  ready = 0;

  @Time()
  startedAt!: Date;

  @Time()
  lastSeenAt!: Date;
}

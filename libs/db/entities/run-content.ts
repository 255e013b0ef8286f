import { Entity, Index, PrimaryKey } from '@mikro-orm/decorators/legacy';
import { Id, Text, Time } from './columns.js';

/**
 * The text of one run for an agent whose channel is too narrow for it: fetched once, over HTTP, by a token
 * that only the guest has.
 */
@Entity({ tableName: 'run_content' })
@Index({ properties: ['expiresAt'] })
export class RunContent {
  /** SHA-256 of the token: whoever reads the database learns no token. */
  @PrimaryKey({ type: 'string', length: 64 })
  tokenSha256!: string;

  @Id()
  machineId!: string;

  @Id()
  executionId!: string;

  /** Sealed under the token itself. */
  @Text()
  sealed!: string;

  @Time()
  createdAt!: Date;

  @Time()
  expiresAt!: Date;

  @Time(true)
  fetchedAt: Date | null = null;
}

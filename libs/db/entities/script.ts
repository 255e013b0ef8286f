import { Entity, Index, PrimaryKey, Unique } from '@mikro-orm/decorators/legacy';
import type { Platform, ScriptInput, Shell } from '#protocol';
import { Id, Int, Json, Str, Text, Time } from './columns.js';

/** A script's identity. What it says stands in its versions. */
@Entity({ tableName: 'script' })
@Index({ name: 'script_list', properties: ['createdAt', 'id'] })
export class Script {
  @PrimaryKey({ type: 'uuid' })
  id!: string;

  /** The newest version. */
  @Int()
  version = 1;

  @Time()
  createdAt!: Date;

  @Time()
  updatedAt!: Date;
}

/** One version of a script; never changed once written. */
@Entity({ tableName: 'script_version' })
@Unique({ properties: ['scriptId', 'version'] })
export class ScriptVersion {
  @PrimaryKey({ type: 'uuid' })
  id!: string;

  @Id()
  scriptId!: string;

  @Int()
  version!: number;

  @Str(100)
  name!: string;

  @Text(true)
  description: string | null = null;

  @Json()
  platforms!: Platform[];

  @Str(16)
  shell!: Shell;

  @Text()
  content!: string;

  @Json()
  inputs!: ScriptInput[];

  @Int()
  timeoutSeconds!: number;

  @Str(128, true)
  runAs: string | null = null;

  @Json(true)
  retry: { maxAttempts: number; safe: boolean } | null = null;

  /**
   * `judged`: no value becomes code, and numbers and booleans are written as the shell's own. Null: saved
   * before placeholders were judged. `kept`: saved before, and an operator runs it whatever they are.
   */
  @Str(16, true)
  placeholders: 'judged' | 'kept' | null = null;

  /** Of the content, hexadecimal. */
  @Str(64)
  sha256!: string;

  @Time()
  createdAt!: Date;
}

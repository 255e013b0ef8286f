import type { MediaPlan, MediumState } from '#protocol';
import { Entity, Index, PrimaryKey, Property, Unique } from '@mikro-orm/decorators/legacy';
import { Big, Id, Int, Json, Str, Text, Time } from './columns.js';

/** An install medium that was made for one machine. */
@Entity({ tableName: 'media' })
@Index({ properties: ['machineId'] })
@Index({ name: 'media_of_state', properties: ['state', 'deletedAt'] })
export class Media {
  @PrimaryKey({ type: 'uuid' })
  id!: string;

  @Id()
  machineId!: string;

  /** A request that arrives twice makes one medium. */
  @Str(160)
  @Unique()
  requestId!: string;

  @Str(16)
  state: MediumState = 'building';

  @Str(16)
  family!: string;

  @Str(16)
  version!: string;

  @Str(16)
  source!: string;

  @Json()
  files: { name: string; kind: string; size: number; sha256: string }[] = [];

  @Json(true)
  plan: MediaPlan | null = null;

  /** What the seed carries hashes of: kept by the distribution while the medium lives. */
  @Json()
  pins: { kind: string; sha256: string; version: string }[] = [];

  @Json()
  executionIds: string[] = [];

  /**
   * The spool of the machine's agent when the medium was made: an agent with another one is the new
   * installation. Of media of earlier versions alone, which have no proof.
   */
  @Str(64, true)
  spoolBefore: string | null = null;

  /** SHA-256 of the proof that only this medium carries, as text; null for media of earlier versions. */
  @Str(64, true)
  @Unique()
  proofSha256: string | null = null;

  /** When the agent of its pins was last fetched whole with its proof. */
  @Time(true)
  binaryFetchedAt: Date | null = null;

  /** When the install script of its pins was last fetched whole with its proof. */
  @Time(true)
  scriptFetchedAt: Date | null = null;

  @Time()
  createdAt!: Date;

  @Time()
  expiresAt!: Date;

  @Time(true)
  deletedAt: Date | null = null;
}

/** A file that guests may download, as it was found on disk. */
@Entity({ tableName: 'artifact' })
@Unique({ properties: ['platform', 'arch', 'kind', 'sha256'] })
export class Artifact {
  @PrimaryKey({ type: 'uuid' })
  id!: string;

  @Str(16)
  platform!: string;

  @Str(16)
  arch!: string;

  /** binary or script. */
  @Str(16)
  kind!: string;

  @Str(128)
  file!: string;

  @Str(64)
  version!: string;

  /** Bytes. */
  @Big()
  size!: number;

  @Str(64)
  @Index()
  sha256!: string;

  /** ed25519 over the release statement, base64; null for a hand-copied file. */
  @Text(true)
  signature: string | null = null;

  /** True for what the unversioned routes serve now. */
  @Property({ type: 'boolean' })
  current = true;

  @Time()
  createdAt!: Date;

  @Time()
  updatedAt!: Date;
}

/** Who fetched what: one row for all that one machine, or address, fetched of one file in a day. */
@Entity({ tableName: 'download' })
@Index({ name: 'download_list', properties: ['machineId', 'createdAt', 'id'] })
@Index({ name: 'download_age', properties: ['createdAt', 'id'] })
@Unique({ properties: ['who', 'sha256', 'day'] })
export class Download {
  @PrimaryKey({ type: 'uuid' })
  id!: string;

  /** Null when the request carried no token. */
  @Id(true)
  machineId: string | null = null;

  /** Of the last one. */
  @Str(64)
  address!: string;

  /** The machine, or the address where none is known; null in rows of one download each, from before. */
  @Str(64, true)
  who: string | null = null;

  /** In UTC, e.g. `2027-01-31`. */
  @Str(10, true)
  day: string | null = null;

  /** How many there were. */
  @Int()
  count = 1;

  @Str(64)
  sha256!: string;

  @Str(128)
  file!: string;

  @Str(64)
  version!: string;

  /** Bytes sent, of all of them. */
  @Big()
  bytes!: number;

  /** Of the last one, and its result: complete or aborted. */
  @Int()
  status!: number;

  @Str(16)
  result!: string;

  /** Of the last one. */
  @Time()
  createdAt!: Date;
}

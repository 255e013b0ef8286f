import { Entity, Index, PrimaryKey } from '@mikro-orm/decorators/legacy';
import type { ChannelState, MachineIdentity, Platform, SetupState } from '#protocol';
import { Bool, Id, Int, Str, Time } from './columns.js';

/** A virtual machine, named by its VM id. */
@Entity({ tableName: 'machine' })
@Index({ properties: ['hostId'] })
@Index({ name: 'machine_of_owner', properties: ['leaseOwner'] })
@Index({ name: 'machine_list', properties: ['createdAt', 'id'] })
@Index({ name: 'machine_of_name', properties: ['name', 'createdAt', 'id'] })
export class Machine {
  @PrimaryKey({ type: 'uuid' })
  id!: string;

  @Str(253)
  name!: string;

  /** False for a socket that nobody registered: it is shown and gets no scripts. */
  @Bool()
  registered = true;

  @Str(16, true)
  os: Platform | null = null;

  /** The gateway that holds the channel, written by it. */
  @Str(253, true)
  hostId: string | null = null;

  @Str(16)
  channel: ChannelState = 'unknown';

  /** Why the channel is in this state, when there is more to say. */
  @Str(512, true)
  channelDetail: string | null = null;

  /** 1 for the public agent, 2 for ours, null before the first hello. */
  @Int(true)
  protocol: number | null = null;

  @Str(64, true)
  agentVersion: string | null = null;

  @Str(64, true)
  agentSha256: string | null = null;

  @Str(32, true)
  platform: string | null = null;

  @Str(32, true)
  arch: string | null = null;

  /** Under which the lease was taken: the same session on another host is a migration. */
  @Str(64, true)
  session: string | null = null;

  @Str(64, true)
  bootId: string | null = null;

  @Str(64, true)
  spoolId: string | null = null;

  /** What the agent said about its channel secret: ok or missing. */
  @Str(16, true)
  secret: string | null = null;

  /** Whether its installation still goes on, as its agent said last; null for agents that do not say it. */
  @Str(16, true)
  setup: SetupState | null = null;

  /** Whose id its agent says; null before the first hello. Another's: it gets no work. */
  @Str(32, true)
  identity: MachineIdentity | null = null;

  /**
   * The medium that installed the system which speaks there, as its agent has proved; the public agent, which
   * proves nothing: whose two files were fetched last before its handshake.
   */
  @Id(true)
  provedMedium: string | null = null;

  /** First-boot scripts of that medium wait until then; null: they do not. */
  @Time(true)
  firstBootFrom: Date | null = null;

  /** How many scripts may run at once. */
  @Int()
  maxConcurrent = 1;

  /** Who may hand out and judge this machine's rows: HOST_ID and a random part per process. */
  @Str(320, true)
  leaseOwner: string | null = null;

  @Time(true)
  leaseExpiresAt: Date | null = null;

  /** Rises with every change of the lease's owner: the fence of claims and verdicts. */
  @Int()
  epoch = 0;

  @Time(true)
  helloAt: Date | null = null;

  @Time(true)
  lastSeenAt: Date | null = null;

  @Time()
  createdAt!: Date;

  @Time()
  updatedAt!: Date;
}

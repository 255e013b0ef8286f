import type { EntityData } from '@mikro-orm/core';
import { type ChannelState, storable } from '#protocol';
import type { Work } from '../database.js';
import { Machine } from '../entities/machine.js';
import { databaseNow, dialectOf } from '../sql.js';

/** Below SQLite's limit of parameters in one statement. */
const SEEN_AT_ONCE = 500;

/**
 * What a gateway needs to know of a machine for as long as it is connected. Plain values: an entity would
 * keep its whole unit of work alive, for each of thousands of machines.
 */
export type MachineFacts = Readonly<
  Pick<Machine, 'id' | 'os' | 'platform' | 'protocol' | 'bootId' | 'setup' | 'provedMedium' | 'maxConcurrent'>
>;

/** What an agent says of itself in its hello; null for what the public one does not know. */
export type HelloFacts = Readonly<
  { agentVersion: string; platform: string } & Pick<
    Machine,
    'agentSha256' | 'arch' | 'bootId' | 'spoolId' | 'secret'
  > & { protocol: number }
>;

const FACTS = 'id, os, platform, protocol, boot_id, setup, proved_medium, max_concurrent';

function factsOf(work: Work, row: EntityData<Machine>): MachineFacts {
  const { id, os, platform, protocol, bootId, setup, provedMedium, maxConcurrent } = work
    .fork()
    .map(Machine, row);
  return { id, os, platform, protocol, bootId, setup, provedMedium, maxConcurrent };
}

/**
 * The facts of a machine whose socket was found on a host; one that nobody registered gets a row that says
 * so.
 */
export async function findMachineFacts(
  work: Work,
  id: string,
  hostId: string,
): Promise<{ facts: MachineFacts; isNew: boolean }> {
  const find = () => work.execute<EntityData<Machine>[]>(`select ${FACTS} from machine where id = ?`, [id]);
  const [row] = await find();
  if (row) return { facts: factsOf(work, row), isNew: false };
  const inserted = await insertUnregistered(work, id, id, hostId);
  const [fresh] = await find();
  if (!fresh) throw new Error(`the row of machine ${id} was deleted while it was made`);
  return { facts: factsOf(work, fresh), isNew: inserted };
}

/** What the machine's last hello has left in its row; null when there is no such machine. */
export async function findLastHello(
  work: Work,
  id: string,
): Promise<{ spoolId: string | null; bootId: string | null } | null> {
  const [row] = await work.execute<{ spool_id: string | null; boot_id: string | null }[]>(
    'select spool_id, boot_id from machine where id = ?',
    [id],
  );
  return row ? { spoolId: row.spool_id, bootId: row.boot_id } : null;
}

/**
 * Writes down who said hello, for `owner` alone and while it holds the machine's lease: what another gateway
 * heard may be older, or of another machine.
 * @returns the machine as it is for who speaks here, and whether the row says so now; null when there is no
 * such machine
 */
export async function recordHello(
  work: Work,
  { id, owner }: { id: string; owner: string },
  hello: HelloFacts,
): Promise<{ facts: MachineFacts; recorded: boolean } | null> {
  const { now } = dialectOf(work);
  const text = (value: string | null): string | null => (value === null ? null : storable(value));
  const os = hello.platform === 'windows' || hello.platform === 'linux' ? hello.platform : null;
  const [row] = await work.execute<EntityData<Machine>[]>(
    `update machine set protocol = ?, agent_version = ?, agent_sha256 = ?, platform = ?, arch = ?, boot_id = ?, spool_id = ?, secret = ?,
       os = coalesce(os, ?), hello_at = ${now}, last_seen_at = ${now}, updated_at = ${now}
     where id = ? and lease_owner = ? and lease_expires_at > ${now} returning ${FACTS}`,
    [
      hello.protocol,
      text(hello.agentVersion),
      hello.agentSha256,
      text(hello.platform),
      text(hello.arch),
      text(hello.bootId),
      text(hello.spoolId),
      hello.secret,
      os,
      id,
      owner,
    ],
  );
  if (row) return { facts: factsOf(work, row), recorded: true };
  const [other] = await work.execute<EntityData<Machine>[]>(`select ${FACTS} from machine where id = ?`, [
    id,
  ]);
  if (!other) return null;
  const { protocol, platform, bootId } = hello;
  const known = factsOf(work, other);
  return { facts: { ...known, protocol, platform, bootId, os: known.os ?? os }, recorded: false };
}

/**
 * Creates a machine, or takes over a socket that nobody had registered; to be called inside a transaction. Of
 * requests that come at once, and of a gateway that finds the socket meanwhile, each sees the same one row.
 * @returns the machine and whether it was there as registered already
 */
export async function adoptMachine(
  work: Work,
  wanted: { id: string; name: string; hostId?: string | undefined; os?: 'windows' | 'linux' | undefined },
): Promise<{ machine: Machine; existed: boolean }> {
  await insertUnregistered(work, wanted.id, wanted.name, null);
  await work.execute('update machine set registered = registered where id = ?', [wanted.id]);
  const machine = await work.findOneOrFail(Machine, { id: wanted.id }, { refresh: true });
  if (machine.registered) return { machine, existed: true };
  machine.name = wanted.name;
  machine.registered = true;
  machine.os = wanted.os ?? machine.os;
  machine.hostId = wanted.hostId ?? machine.hostId;
  machine.updatedAt = await databaseNow(work);
  await work.flush();
  return { machine, existed: false };
}

/** @returns false when there was a row already */
async function insertUnregistered(
  work: Work,
  id: string,
  name: string,
  hostId: string | null,
): Promise<boolean> {
  const { now } = dialectOf(work);
  const rows = await work.execute<{ id: string }[]>(
    `insert into machine (id, name, registered, channel, max_concurrent, epoch, host_id, created_at, updated_at)
     values (?, ?, false, 'unknown', 1, 0, ?, ${now}, ${now}) on conflict (id) do nothing returning id`,
    [id, name, hostId],
  );
  return rows.length > 0;
}

/** Writes down, at once for many, that machines were heard of. */
export async function recordSeen(work: Work, machineIds: readonly string[]): Promise<void> {
  const { now } = dialectOf(work);
  for (let at = 0; at < machineIds.length; at += SEEN_AT_ONCE) {
    const ids = machineIds.slice(at, at + SEEN_AT_ONCE);
    await work.execute(
      `update machine set last_seen_at = ${now} where id in (${ids.map(() => '?').join(', ')})`,
      ids,
    );
  }
}

/**
 * Machines that belong to a host, each with the state of its channel as the row has it. Plain values: a sweep
 * over thousands of machines must not make an entity of each.
 * @param orUnplaced also machines that no gateway has found yet
 */
export async function machinesOfHost(
  work: Work,
  hostId: string,
  { orUnplaced }: { orUnplaced: boolean },
): Promise<Map<string, ChannelState>> {
  const unplaced = orUnplaced ? ' or host_id is null' : '';
  const rows = await work.execute<{ id: string; channel: ChannelState }[]>(
    `select id, channel from machine where registered = true and (host_id = ?${unplaced})`,
    [hostId],
  );
  return new Map(rows.map(({ id, channel }) => [id, channel]));
}

/**
 * Writes down what a gateway sees of a machine's channel, unless another one holds the machine's lease, also
 * one of the same host: that one knows better than a socket left over here.
 * @returns true when it was written
 */
export async function recordChannel(
  work: Work,
  seen: { machineId: string; owner: string; hostId: string; state: ChannelState; detail: string | null },
): Promise<boolean> {
  const { now } = dialectOf(work);
  // Where the socket is, the machine is; where it is not, it may be anywhere.
  const place = seen.state === 'missing' ? null : seen.hostId;
  const rows = await work.execute<{ id: string }[]>(
    `update machine set channel = ?, channel_detail = ?, host_id = coalesce(host_id, ?), updated_at = ${now}
     where id = ? and (lease_owner is null or lease_owner = ? or lease_expires_at < ${now}) returning id`,
    [seen.state, seen.detail, place, seen.machineId, seen.owner],
  );
  return rows.length > 0;
}

import type { Work } from '../database.js';
import { dialectOf } from '../sql.js';
import { returnToPending } from './claims.js';

export interface Lease {
  machineId: string;
  /** HOST_ID and a random part of the process. */
  owner: string;
  hostId: string;
  seconds: number;
  /**
   * Of the agent that has spoken, when it has one; it is written down with the lease, and not by a gateway
   * that does not get it.
   */
  session?: string | null;
}

/**
 * Takes or renews the lease of a machine whose guest has spoken: it is free, ours, or has ended; or its owner
 * lives and has certainly lost the machine. That is so on the same host, since QEMU serves one client, and
 * for the session under which the lease was taken: the machine has migrated here. A new owner raises the
 * epoch, and takes back what the one before has claimed and not delivered.
 * @returns the epoch, or null while another owner holds the machine
 */
export async function takeLease(work: Work, lease: Lease): Promise<number | null> {
  const { now, nowPlusSeconds } = dialectOf(work);
  const host = `${lease.hostId}#`;
  const rows = await work.execute<{ epoch: number; undelivered: number | string }[]>(
    `update machine set epoch = case when lease_owner = ? then epoch else epoch + 1 end, lease_owner = ?, host_id = ?, session = ?,
       lease_expires_at = ${nowPlusSeconds}, channel = 'ready', channel_detail = null, updated_at = ${now}
     where id = ? and (lease_owner is null or lease_owner = ? or lease_expires_at < ${now} or substr(lease_owner, 1, ?) = ? or session = ?)
     returning epoch, (select count(*) from script_execution e where e.machine_id = machine.id and e.status = 'RUNNING'
       and e.delivery_started_at is null and e.lease_owner <> machine.lease_owner) as undelivered`,
    [
      lease.owner,
      lease.owner,
      lease.hostId,
      lease.session ?? null,
      lease.seconds,
      lease.machineId,
      lease.owner,
      host.length,
      host,
      lease.session ?? null,
    ],
  );
  const [taken] = rows;
  if (!taken) return null;
  if (Number(taken.undelivered) > 0) await takeBack(work, lease);
  return taken.epoch;
}

async function takeBack(work: Work, { machineId, owner }: Lease): Promise<void> {
  const rows = await work.execute<{ id: string; epoch: number }[]>(
    `select id, epoch from script_execution
     where machine_id = ? and status = 'RUNNING' and delivery_started_at is null and lease_owner <> ?`,
    [machineId, owner],
  );
  for (const row of rows)
    await work.transactional((own) => returnToPending(own, { ...row, undelivered: true }));
}

/**
 * Renews all leases of an owner, and those of the rows it has out: a row's lives and dies with its machine's.
 * @returns the machines it still holds
 */
export async function renewLeases(work: Work, owner: string, seconds: number): Promise<string[]> {
  const { now, nowPlusSeconds } = dialectOf(work);
  const rows = await work.execute<{ id: string }[]>(
    `update machine set lease_expires_at = ${nowPlusSeconds} where lease_owner = ? and lease_expires_at > ${now} returning id`,
    [seconds, owner],
  );
  await work.execute(
    `update script_execution set lease_expires_at = ${nowPlusSeconds} where lease_owner = ? and status = 'RUNNING'
       and machine_id in (select id from machine where lease_owner = ? and lease_expires_at > ${now})`,
    [seconds, owner, owner],
  );
  return rows.map(({ id }) => id);
}

/** Gives a machine's lease up at once, at a clean stop or when its socket is gone. */
export async function releaseLease(work: Work, machineId: string, owner: string): Promise<void> {
  await work.execute(
    'update machine set lease_owner = null, lease_expires_at = null where id = ? and lease_owner = ?',
    [machineId, owner],
  );
}

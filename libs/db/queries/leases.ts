import type { Work } from '../database.js';
import { dialectOf } from '../sql.js';

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
 * epoch.
 * @returns the epoch, or null while another owner holds the machine
 */
export async function takeLease(work: Work, lease: Lease): Promise<number | null> {
  const { now, nowPlusSeconds } = dialectOf(work);
  const host = `${lease.hostId}#`;
  const rows = await work.execute<{ epoch: number }[]>(
    `update machine set epoch = case when lease_owner = ? then epoch else epoch + 1 end, lease_owner = ?, host_id = ?, session = ?,
       lease_expires_at = ${nowPlusSeconds}, channel = 'ready', channel_detail = null, updated_at = ${now}
     where id = ? and (lease_owner is null or lease_owner = ? or lease_expires_at < ${now} or substr(lease_owner, 1, ?) = ? or session = ?) returning epoch`,
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
  return rows[0]?.epoch ?? null;
}

/** Renews all leases of an owner, and those of the rows it has out. @returns the machines it still holds */
export async function renewLeases(work: Work, owner: string, seconds: number): Promise<string[]> {
  const { now, nowPlusSeconds } = dialectOf(work);
  const rows = await work.execute<{ id: string }[]>(
    `update machine set lease_expires_at = ${nowPlusSeconds} where lease_owner = ? and lease_expires_at > ${now} returning id`,
    [seconds, owner],
  );
  await work.execute(
    `update script_execution set lease_expires_at = ${nowPlusSeconds} where lease_owner = ? and status = 'RUNNING'`,
    [seconds, owner],
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

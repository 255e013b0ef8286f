import type { Work } from '../database.js';
import { dialectOf } from '../sql.js';

/** A gateway as it reports itself. */
export interface HostReport {
  hostId: string;
  /** The running process: its lease owner name. */
  instance: string;
  version: string;
  /** Channels it has. */
  machines: number;
  /** Of these, channels that are ready. */
  ready: number;
  startedAt: Date;
}

/** Writes a gateway's row; the database's clock says when it was last heard of. */
export async function reportHost(work: Work, host: HostReport): Promise<void> {
  const { now, time } = dialectOf(work);
  await work.execute(
    `insert into host (id, instance, version, machines, ready, started_at, last_seen_at) values (?, ?, ?, ?, ?, ?, ${now})
     on conflict (id) do update set instance = excluded.instance, version = excluded.version, machines = excluded.machines, ready = excluded.ready,
       started_at = excluded.started_at, last_seen_at = excluded.last_seen_at`,
    [host.hostId, host.instance, host.version, host.machines, host.ready, time(host.startedAt)],
  );
}

/** How many leases each of the processes holds now; one that holds none has no entry. */
export async function countLeases(work: Work, owners: readonly string[]): Promise<Map<string, number>> {
  if (owners.length === 0) return new Map();
  const rows = await work.execute<{ owner: string; leases: number | string }[]>(
    `select lease_owner as owner, count(*) as leases from machine
     where lease_owner in (${owners.map(() => '?').join(', ')}) and lease_expires_at > ${dialectOf(work).now} group by lease_owner`,
    [...owners],
  );
  return new Map(rows.map(({ owner, leases }) => [owner, Number(leases)]));
}

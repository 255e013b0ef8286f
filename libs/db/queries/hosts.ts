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

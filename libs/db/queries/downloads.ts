import { randomUUID } from 'node:crypto';
import type { Work } from '../database.js';
import { databaseNow, dialectOf } from '../sql.js';

export interface NewDownload {
  /** Whose it was, when the request has proved that. */
  machineId: string | null;
  address: string;
  sha256: string;
  file: string;
  version: string;
  /** Bytes sent. */
  bytes: number;
  status: number;
  result: 'complete' | 'aborted';
}

/**
 * Counts a download: one row for all that a machine, or an address where none is known, fetches of one file
 * in a day (UTC), however often it asks.
 */
export async function recordDownload(work: Work, download: NewDownload): Promise<void> {
  const now = await databaseNow(work);
  const { machineId, address, sha256, file, version, bytes, status, result } = download;
  await work.execute(
    `insert into download (id, machine_id, address, who, day, count, sha256, file, version, bytes, status, result, created_at)
     values (?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?)
     on conflict (who, sha256, day) do update set count = download.count + 1, bytes = download.bytes + excluded.bytes,
       address = excluded.address, status = excluded.status, result = excluded.result, created_at = excluded.created_at`,
    [
      randomUUID(),
      machineId,
      address,
      machineId ?? address,
      now.toISOString().slice(0, 10),
      sha256,
      file,
      version,
      bytes,
      status,
      result,
      dialectOf(work).time(now),
    ],
  );
}

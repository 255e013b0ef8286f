import { randomUUID } from 'node:crypto';
import type { Work } from '../database.js';
import { dialectOf } from '../sql.js';

/**
 * Takes a key for its first request; inside a transaction, whoever comes second waits for the first.
 * @returns the id of the key's row, or null when the key is taken
 */
export async function takeIdempotencyKey(
  work: Work,
  request: { scope: string; key: string; bodySha256: string },
): Promise<string | null> {
  const { now } = dialectOf(work);
  const [inserted] = await work.execute<{ id: string }[]>(
    `insert into idempotency_key (id, scope, key, body_sha256, status, created_at) values (?, ?, ?, ?, 0, ${now})
     on conflict (scope, key) do nothing returning id`,
    [randomUUID(), request.scope, request.key, request.bodySha256],
  );
  return inserted?.id ?? null;
}

/**
 * Takes the place of a first request that has not answered for so long.
 * @returns false when it is not that old, or another request took its place
 */
export async function takeOverIdempotencyKey(work: Work, id: string, afterSeconds: number): Promise<boolean> {
  const { now, nowMinusSeconds } = dialectOf(work);
  const taken = await work.execute<{ id: string }[]>(
    `update idempotency_key set created_at = ${now}
     where id = ? and status = 0 and created_at < ${nowMinusSeconds(String(afterSeconds))} returning id`,
    [id],
  );
  return taken.length > 0;
}

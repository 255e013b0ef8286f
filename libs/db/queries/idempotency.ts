import { randomUUID } from 'node:crypto';
import type { Work } from '../database.js';
import { IdempotencyKey } from '../entities/records.js';
import { databaseNow, dialectOf } from '../sql.js';

/** A key stands for its first request for so long; then it is as good as one that was never used. */
export const KEY_LIFETIME_SECONDS = 86_400;

export interface KeyedRequest {
  /** Who asks for what: a key means nothing outside it. */
  scope: string;
  key: string;
  /** Of what is asked. */
  bodySha256: string;
}

/**
 * Takes a key for its first request; inside a transaction, whoever comes second waits for the first.
 * @returns the id of the key's row, or null when the key is taken
 */
export async function takeIdempotencyKey(work: Work, request: KeyedRequest): Promise<string | null> {
  const { now, nowMinusSeconds } = dialectOf(work);
  const [taken] = await work.execute<{ id: string }[]>(
    `insert into idempotency_key (id, scope, key, body_sha256, status, created_at) values (?, ?, ?, ?, 0, ${now})
     on conflict (scope, key) do update
       set id = excluded.id, body_sha256 = excluded.body_sha256, status = 0, response = null, created_at = ${now}
       where idempotency_key.created_at < ${nowMinusSeconds(String(KEY_LIFETIME_SECONDS))}
     returning id`,
    [randomUUID(), request.scope, request.key, request.bodySha256],
  );
  return taken?.id ?? null;
}

/** A key that still stands for a request, or null. */
export async function findIdempotencyKey(
  work: Work,
  { scope, key }: Pick<KeyedRequest, 'scope' | 'key'>,
): Promise<IdempotencyKey | null> {
  const known = await work.findOne(IdempotencyKey, { scope, key });
  if (!known) return null;
  const ageMs = (await databaseNow(work)).getTime() - known.createdAt.getTime();
  return ageMs > KEY_LIFETIME_SECONDS * 1000 ? null : known;
}

/**
 * Takes a key for work that is too long for a transaction. The key is held under a lease; the id of its row
 * is its holder's, and changes when another takes the place of one whose lease has lapsed.
 * @returns the holder's id, or the key as it is: held by another (`status` 0), or done
 */
export async function holdIdempotencyKey(
  work: Work,
  request: KeyedRequest,
  leaseSeconds: number,
): Promise<{ holder: string } | { known: IdempotencyKey }> {
  const holder = await takeIdempotencyKey(work, request);
  if (holder !== null) return { holder };
  const { now, nowMinusSeconds } = dialectOf(work);
  const { scope, key, bodySha256 } = request;
  const [taken] = await work.execute<{ id: string }[]>(
    `update idempotency_key set id = ?, created_at = ${now}
     where scope = ? and key = ? and body_sha256 = ? and status = 0
       and created_at < ${nowMinusSeconds(String(leaseSeconds))} returning id`,
    [randomUUID(), scope, key, bodySha256],
  );
  if (taken) return { holder: taken.id };
  return { known: await work.findOneOrFail(IdempotencyKey, { scope, key }) };
}

/** @returns false when another has taken the holder's place */
export async function renewIdempotencyKey(work: Work, holder: string): Promise<boolean> {
  const renewed = await work.execute<{ id: string }[]>(
    `update idempotency_key set created_at = ${dialectOf(work).now} where id = ? and status = 0 returning id`,
    [holder],
  );
  return renewed.length > 0;
}

/**
 * Marks a held key as done, in the transaction that makes what was asked for.
 * @returns false when another has taken the holder's place: nothing may be committed
 */
export async function finishIdempotencyKey(work: Work, holder: string, status: number): Promise<boolean> {
  const finished = await work.execute<{ id: string }[]>(
    `update idempotency_key set status = ?, created_at = ${dialectOf(work).now}
     where id = ? and status = 0 returning id`,
    [status, holder],
  );
  return finished.length > 0;
}

/** After a failure: the request may come again at once. */
export async function dropIdempotencyKey(work: Work, holder: string): Promise<void> {
  await work.nativeDelete(IdempotencyKey, { id: holder, status: 0 });
}

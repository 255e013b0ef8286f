import type { Work } from '../database.js';
import { Media } from '../entities/media.js';
import { databaseNow, dialectOf } from '../sql.js';
import { KEY_LIFETIME_SECONDS } from './idempotency.js';

/**
 * Media that are needed no more: at the end of their lifetime, or a while after the machine that they
 * installed said hello.
 * @returns `installed` false for those that have only expired
 */
export async function findEndedMedia(
  work: Work,
  afterHelloSeconds: number,
): Promise<{ id: string; installed: boolean }[]> {
  const { now, nowMinusSeconds } = dialectOf(work);
  const rows = await work.execute<{ id: string; installed: boolean | number }[]>(
    // It is the new installation that spoke, not the one that it replaces: by its proof; media of earlier
    // versions have none, and go by another spool than before.
    `select media.id, case when media.expires_at < ${now} then false else true end as installed
     from media left join machine on machine.id = media.machine_id
     where media.state = 'ready' and (media.expires_at < ${now}
       or (machine.hello_at > media.created_at and machine.hello_at < ${nowMinusSeconds(String(afterHelloSeconds))}
         and (machine.proved_medium = media.id or (media.proof_sha256 is null
           and machine.spool_id is not null and machine.spool_id <> coalesce(media.spool_before, '')))))`,
  );
  return rows.map(({ id, installed }) => ({ id, installed: Boolean(installed) }));
}

/** The medium that a request's id stands for, or null: an id stands for its request as long as a key does. */
export async function mediumOfRequest(work: Work, requestId: string): Promise<Media | null> {
  const media = await work.findOne(Media, { requestId });
  if (!media) return null;
  const ageMs = (await databaseNow(work)).getTime() - media.createdAt.getTime();
  return ageMs > KEY_LIFETIME_SECONDS * 1000 ? null : media;
}

/** Lets a new request have the id of one that it no longer stands for. */
export async function forgetRequestId(work: Work, requestId: string): Promise<void> {
  const { nowMinusSeconds } = dialectOf(work);
  await work.execute(
    `update media set request_id = cast(id as varchar(160))
     where request_id = ? and created_at < ${nowMinusSeconds(String(KEY_LIFETIME_SECONDS))}`,
    [requestId],
  );
}

import type { Work } from '../database.js';
import { dialectOf } from '../sql.js';

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

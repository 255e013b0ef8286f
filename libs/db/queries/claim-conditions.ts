import type { Dialect } from '../sql.js';

/**
 * Whether a machine's row `m` allows that work goes to it: one whose agent says another machine's id is a
 * copied disk, and gets none.
 */
const IS_ITSELF = `coalesce(m.identity, 'own') = 'own'`;

/**
 * Whether a machine `m` may be given its row `e` now, as far as installations are concerned.
 *
 * First-boot rows belong to an installation, not to a machine: they go to the system that was installed from
 * their own medium alone, whatever a guest says of its spool, its boot or its id, and not while it says that
 * the installation goes on. Rows without a medium are of media that carry no proof: whoever speaks gets them.
 */
export const allowedByInstallation = ({ now }: Pick<Dialect, 'now'>): string =>
  `(${IS_ITSELF} and (e.execution_type <> 'FIRST_BOOT' or (coalesce(m.setup, 'done') <> 'running'
     and (e.media_id is null or (e.media_id = m.proved_medium and coalesce(m.first_boot_from, ${now}) <= ${now})))))`;

/** Whether an open first-boot row `b` is one that the first-boot row `e` may have to wait for. */
export const OF_THE_SAME_MEDIUM = `(b.media_id = e.media_id or (b.media_id is null and e.media_id is null))`;

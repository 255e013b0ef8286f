import type { MediaRequest } from '#protocol';

/**
 * What the storage section matches until the early command has put the chosen disk in its place: a path that
 * no machine has.
 */
export const DISK_PLACEHOLDER = '/dev/infinibay-disk';

/**
 * Subiquity's `storage`. Its own matches know neither buses nor size ranges, compare serials with udev's
 * composed ones, take the first of several and the largest without a rule: so the early command chooses, and
 * this matches the one path that it names. Without it nothing matches and nothing is written.
 */
export function storage({ disk: { layout } }: MediaRequest): Record<string, unknown> {
  const match = { path: DISK_PLACEHOLDER };
  return {
    // Subiquity's own sizing policy would leave half of the volume group empty.
    layout: layout === 'lvm' ? { name: 'lvm', 'sizing-policy': 'all', match } : { name: 'direct', match },
  };
}

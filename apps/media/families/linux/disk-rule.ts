import type { MediaRequest } from '#protocol';
import { readScript, renderScript } from '#script-files';
import { shWord } from '../../escape.js';

/** Which disk is installed on; without `match` the only one that is there. */
export type DiskRule = Pick<MediaRequest['disk'], 'match' | 'wipe'>;

/** The rule in words, for messages. */
function describe({ match }: DiskRule): string {
  if (!match) return 'the only disk that is there';
  if ('serial' in match) return `serial ${match.serial}`;
  if ('bus' in match) return `bus ${match.bus}`;
  return `${match.minBytes} to ${match.maxBytes} bytes`;
}

const DISK_RULE = readScript(import.meta.dirname, 'scripts/disk-rule.sh');
const DISK_MARK = readScript(import.meta.dirname, 'scripts/disk-mark.sh');

/**
 * The GPT name of a disk's first partition (at most 36 characters, UEFI 2.10, 5.3.3) that tells which medium
 * has begun to install there.
 */
export const diskMark = (mediumId: string): string => `INFI-${mediumId.slice(0, 8)}`;

/** sh that defines `mark_disk DISK` and `unmark_disk DISK` for this medium, see `scripts/disk-mark.sh`. */
export const diskMarkScript = (mediumId: string): string =>
  renderScript(DISK_MARK, { MARK: shWord(diskMark(mediumId)) });

/**
 * `scripts/disk-rule.sh` with this rule: sh that prints the name of the one disk that is meant, or ends with
 * 3 none, 4 ambiguous, 5 holds data, 6 unreadable or 7 shared with another disk and says why.
 * @param mark of a disk that counts as empty, `diskMark` of the medium; empty: none
 */
export function diskRuleScript(rule: DiskRule, mark: string): string {
  const { match, wipe } = rule;
  const size = match && 'minBytes' in match ? match : null;
  const assignments = [
    `rule=${shWord(describe(rule))}`,
    `rule_serial=${shWord(match && 'serial' in match ? match.serial : '')}`,
    `rule_bus=${shWord(match && 'bus' in match ? match.bus : '')}`,
    `rule_min=${size ? size.minBytes : 0}`,
    `rule_max=${size ? size.maxBytes : 0}`,
    `rule_wipe=${wipe ? 'yes' : 'no'}`,
    `rule_mark=${shWord(mark)}`,
  ];
  return ['set -u', ...assignments, DISK_RULE].join('\n');
}

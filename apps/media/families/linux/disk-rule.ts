import type { MediaRequest } from '#protocol';
import { readScript } from '#script-files';
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

/**
 * `scripts/disk-rule.sh` with this rule: sh that prints the name of the one disk that is meant, or ends with
 * 3 none, 4 ambiguous, 5 holds data or 6 unreadable and says why.
 */
export function diskRuleScript(rule: DiskRule): string {
  const { match, wipe } = rule;
  const size = match && 'minBytes' in match ? match : null;
  const assignments = [
    `rule=${shWord(describe(rule))}`,
    `rule_serial=${shWord(match && 'serial' in match ? match.serial : '')}`,
    `rule_bus=${shWord(match && 'bus' in match ? match.bus : '')}`,
    `rule_min=${size ? size.minBytes : 0}`,
    `rule_max=${size ? size.maxBytes : 0}`,
    `rule_wipe=${wipe ? 'yes' : 'no'}`,
  ];
  return ['set -u', ...assignments, DISK_RULE].join('\n');
}

import type { MediaRequest } from '#protocol';
import { readScript, renderScript } from '#script-files';
import { diskRuleScript } from '../linux/disk-rule.js';
import { REPORT_FUNCTION, reportCommand, type Reporting, reportSettings } from '../linux/reporting.js';

/**
 * What the storage section matches until the early command has put the chosen disk in its place: a path that
 * no machine has.
 */
const PLACEHOLDER = '/dev/infinibay-disk';
const FAILED = '/run/infinibay-failed';

/**
 * Subiquity's `storage`. Its own matches know neither buses nor size ranges, compare serials with udev's
 * composed ones, take the first of several and the largest without a rule: so `earlyCommands` chooses, and
 * this matches the one path that it names. Without it nothing matches and nothing is written.
 */
export function storage({ disk: { layout } }: MediaRequest): Record<string, unknown> {
  const match = { path: PLACEHOLDER };
  return {
    // Subiquity's own sizing policy would leave half of the volume group empty.
    layout: layout === 'lvm' ? { name: 'lvm', 'sizing-policy': 'all', match } : { name: 'direct', match },
  };
}

const EARLY = readScript(import.meta.dirname, 'scripts/early.sh');

/** Chooses the disk before Subiquity looks at any, see `scripts/early.sh`. */
export function earlyCommands(request: MediaRequest, reporting: Reporting | null): string[] {
  return [
    renderScript(EARLY, {
      DISK_PATH: PLACEHOLDER,
      DISK_RULE: diskRuleScript(request.disk, ""),
      FAILED,
      REPORT: reporting ? REPORT_FUNCTION : null,
      REPORT_SETTINGS: reporting ? reportSettings(reporting) : null,
    }),
  ];
}

/** Subiquity ignores what they end with. */
export function errorCommands(reporting: Reporting | null): string[] {
  if (!reporting) return [];
  const command = reportCommand(reporting, 'failed', {
    reason: 'the installer stopped with an error',
    log: '/var/log/installer/curtin-install.log',
  });
  return [`[ -e ${FAILED} ] || ${command}`];
}

import type { MediaRequest } from '#protocol';
import { type DiskRule, diskRuleScript } from '../linux/disk-rule.js';
import { REPORT_FUNCTION, reportCommand, type Reporting, reportSettings } from '../linux/reporting.js';

/** What the storage section matches until the early command has put the chosen disk in its place: a path that no machine has. */
const PLACEHOLDER = '/dev/infinibay-disk';
const CHOICE_LOG = '/run/infinibay-disk.log';
const FAILED = '/run/infinibay-failed';

/**
 * Subiquity's `storage`. Its own matches know neither buses nor size ranges, compare serials with udev's composed ones, take the first of several and
 * the largest without a rule: so `earlyCommands` chooses, and this matches the one path that it names. Without it nothing matches and nothing is written.
 */
export function storage({ disk: { layout } }: MediaRequest): Record<string, unknown> {
  const match = { path: PLACEHOLDER };
  return {
    // Subiquity's own sizing policy would leave half of the volume group empty.
    layout: layout === 'lvm' ? { name: 'lvm', 'sizing-policy': 'all', match } : { name: 'direct', match },
  };
}

/**
 * Chooses the disk before Subiquity looks at any. A failing early command aborts the installation; /autoinstall.yaml is read again after the last one
 * ("Autoinstall configuration reference manual", early-commands).
 */
export function earlyCommands(request: MediaRequest, reporting: Reporting | null): string[] {
  const rule: DiskRule = request.disk;
  const report = reporting ? (line: string): string => `${line}\n` : (): string => '';
  return [
    `${reporting ? reportSettings(reporting) + REPORT_FUNCTION : ''}choose_disk() (
${diskRuleScript(rule)})
answers=\${INFINIBAY_ANSWERS:-/autoinstall.yaml}
${report('report installer-started')}if ! disk=$(choose_disk 2>${CHOICE_LOG}); then
    cat ${CHOICE_LOG} >&2
${report(`    report failed "$(cat ${CHOICE_LOG})"`)}    : >${FAILED}
    exit 1
fi
sed -i "s|path: ['\\"]\\{0,1\\}${PLACEHOLDER}['\\"]\\{0,1\\}|path: /dev/$disk|" "$answers"
if ! grep -q "path: /dev/$disk" "$answers"; then
    echo "infinibay: the storage section of $answers does not name a disk: nothing was written" >&2
    exit 1
fi
${report('report partitioning')}`,
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

import type { MediaRequest } from '#protocol';
import { readScript, renderScript } from '#script-files';
import { diskMark, diskRuleScript } from '../linux/disk-rule.js';
import type { AgentInstall } from '../linux/agent-files.js';
import { REPORT_FUNCTION } from '../linux/reporting.js';

/**
 * In the installer's memory; neither is among what Anaconda copies to the installed system (its
 * 99-copy-logs.ks).
 */
export const INSTALLER_FOLDER = '/run/infinibay';
export const DISK_INCLUDE = `${INSTALLER_FOLDER}/disk.ks`;
/**
 * The line of ks.cfg that carries the settings: a comment, which Anaconda keeps in no copy that it makes from
 * what it has parsed.
 */
export const SETTINGS_MARK = '# infinibay-settings:';

/** Where nothing is reported, `report` does nothing. */
export const LOAD_REPORT = renderScript(readScript(import.meta.dirname, 'scripts/load-report.sh'), {
  FOLDER: INSTALLER_FOLDER,
});

const PRE = readScript(import.meta.dirname, 'scripts/pre.sh');

/** `%pre`: chooses the disk, see `scripts/pre.sh`; ks.cfg includes what it writes. */
export function preScript({ disk, firmware }: MediaRequest, { mediumId, reporting }: AgentInstall): string {
  return renderScript(PRE, {
    DISK_INCLUDE,
    DISK_RULE: diskRuleScript(disk, diskMark(mediumId)),
    FOLDER: INSTALLER_FOLDER,
    LOAD_REPORT,
    LVM: disk.layout === 'lvm',
    REPORT: reporting ? REPORT_FUNCTION : null,
    SETTINGS_MARK,
    UEFI: firmware === 'uefi',
  });
}

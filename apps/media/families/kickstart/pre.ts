import { networkCards, type KickstartFacts, type MediaRequest } from '#protocol';
import { ksWord, shWord } from '../../escape.js';
import { SEED_LABELS } from '../labels.js';
import type { AgentInstall } from '../linux/agent-files.js';
import { diskMark, diskRuleScript } from '../linux/disk-rule.js';
import { READ_MEDIUM } from '../linux/read-medium.js';
import { checkSettings } from '../linux/installer-scripts.js';
import { REPORT_FUNCTION } from '../linux/reporting.js';
import { connectionProperties } from './network.js';
import { DISK_INCLUDE, INSTALLER_FOLDER, LOAD_REPORT, POWER_OFF, RHSM_INCLUDE, section } from './places.js';

/** `%pre`: takes the settings from the medium and chooses the disk, see `scripts/pre.sh`. */
export function preScript(request: MediaRequest, install: AgentInstall, release: KickstartFacts): string {
  const { disk, firmware, proxy } = request;
  const isLvm = disk.layout === 'lvm';
  return section('pre.sh', {
    BOOT_MIB: String(release.bootMiB),
    CHECK_SETTINGS: checkSettings(
      install,
      '"infinibay: $medium is medium $INFINIBAY_MEDIUM_ID, and this kickstart is of medium"',
    ),
    CONNECT: connectScript(request),
    DISK_INCLUDE,
    DISK_RULE: diskRuleScript(disk, diskMark(install.mediumId)),
    FOLDER: INSTALLER_FOLDER,
    LABEL: SEED_LABELS.anaconda,
    LOAD_REPORT,
    LVM: isLvm,
    POWER_OFF,
    READ_MEDIUM,
    REPORT: install.reporting ? REPORT_FUNCTION : null,
    RHSM: install.rhsm !== null,
    RHSM_INCLUDE,
    RHSM_PROXY: shWord(proxy === undefined ? '' : ` --proxy=${ksWord(proxy)}`),
    UEFI: firmware === 'uefi',
    VOLUME_GROUP: volumeGroup(request),
  });
}

/** sh that defines `connect` and `disconnect`: the request's network in NetworkManager's memory. */
function connectScript(request: MediaRequest): string {
  const cards = networkCards(request).map(({ mac, asked }, index) => {
    const name = asked && 'name' in asked.match ? asked.match.name : null;
    const words = [String(index), name ?? mac, ...connectionProperties({ mac, asked })];
    return `card ${words.map(shWord).join(' ')}\n`;
  });
  return section('connect.sh', { CARDS: cards.join('') || ':' });
}

/**
 * A name of its own: two disks with groups of one name cannot be used on one machine, and a copy of the
 * machine's disk is looked at from another. LVM takes letters, digits, `_`, `+`, `.` and `-` (lvm(8), "VALID
 * NAMES"), blivet 55 of them.
 */
export function volumeGroup({ hostname, vmId }: Pick<MediaRequest, 'hostname' | 'vmId'>): string {
  const [first = ''] = hostname.split('.');
  return `vg_${first.replaceAll('-', '_').slice(0, 32)}_${vmId.slice(0, 8)}`;
}

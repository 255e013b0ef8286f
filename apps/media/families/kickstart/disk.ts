import type { MediaRequest } from '#protocol';
import { type DiskRule, diskRuleScript } from '../linux/disk-rule.js';
import type { AgentInstall } from '../linux/agent-files.js';
import { REPORT_FUNCTION } from '../linux/reporting.js';

/** In the installer's memory; neither is among what Anaconda copies to the installed system (its 99-copy-logs.ks). */
export const INSTALLER_FOLDER = '/run/infinibay';
export const DISK_INCLUDE = `${INSTALLER_FOLDER}/disk.ks`;
/** The line of ks.cfg that carries the settings: a comment, which Anaconda keeps in no copy that it makes from what it has parsed. */
export const SETTINGS_MARK = '# infinibay-settings:';

/** Where Anaconda's dracut module puts the kickstart, and from where 99-copy-logs.ks copies it to /root/original-ks.cfg. */
const KICKSTART = '/run/install/ks.cfg';

/** MiB. */
const SIZES = { biosboot: 1, efi: 600, boot: 1024, root: 4096 } as const;

/**
 * What the disk becomes, with `$disk` for its name: always GPT, so that a disk over 2 TiB starts from BIOS too, which then needs a biosboot partition.
 * No swap: Fedora has it in compressed memory, and a fleet that wants more adds a file.
 */
function partitioning({ disk: { layout }, firmware }: MediaRequest): string[] {
  const on = '--ondisk=$disk';
  return [
    'ignoredisk --only-use=$disk',
    'zerombr',
    'clearpart --all --initlabel --disklabel=gpt --drives=$disk',
    'bootloader --location=mbr --boot-drive=$disk',
    firmware === 'uefi'
      ? `part /boot/efi --fstype=efi --size=${SIZES.efi} ${on}`
      : `part biosboot --fstype=biosboot --size=${SIZES.biosboot} ${on}`,
    `part /boot --fstype=xfs --size=${SIZES.boot} ${on}`,
    ...(layout === 'lvm'
      ? [
          `part pv.01 --size=${SIZES.root} --grow ${on}`,
          'volgroup system pv.01',
          `logvol / --vgname=system --name=root --fstype=xfs --size=${SIZES.root} --grow`,
        ]
      : [`part / --fstype=xfs --size=${SIZES.root} --grow ${on}`]),
  ];
}

/**
 * `%pre`: takes the settings out of the kickstart, chooses the disk and writes the partitioning for `%include`. Without a disk it says why, reports it
 * and ends with an error, which ends the installation; and as there is then no file to include, Anaconda has no partitioning in any case.
 */
export function preScript(request: MediaRequest, { reporting }: AgentInstall): string {
  const rule: DiskRule = request.disk;
  return `umask 077
mkdir -p ${INSTALLER_FOLDER}
rm -f ${DISK_INCLUDE}
kickstart=\${INFINIBAY_KICKSTART:-${KICKSTART}}
if [ -e "$kickstart" ]; then
    sed -n 's/^${SETTINGS_MARK} //p' "$kickstart" | base64 -d >${INSTALLER_FOLDER}/install.env || true
    # Anaconda copies this file to the installed system: the secrets leave it now.
    sed -i 's/^${SETTINGS_MARK} .*/${SETTINGS_MARK} taken/' "$kickstart" || true
fi
${reporting ? WRITE_REPORT : ''}${LOAD_REPORT}
choose_disk() (
${diskRuleScript(rule)})

report installer-started
if ! disk=$(choose_disk 2>${INSTALLER_FOLDER}/disk.log); then
    cat ${INSTALLER_FOLDER}/disk.log >&2
    # On the screen as well, for whoever looks at it.
    console=\${INFINIBAY_DEV:-/dev}/console
    [ ! -w "$console" ] || cat ${INSTALLER_FOLDER}/disk.log >"$console" || true
    report failed "$(cat ${INSTALLER_FOLDER}/disk.log)"
    : >${INSTALLER_FOLDER}/failed
    exit 1
fi
report partitioning
cat >${DISK_INCLUDE} <<EOF
${partitioning(request).join('\n')}
EOF
`;
}

/** The function for all sections; scripts in the installed system see /run too. */
const WRITE_REPORT = `cat >${INSTALLER_FOLDER}/report.sh <<'END_OF_INFINIBAY_FILE'
. ${INSTALLER_FOLDER}/install.env
${REPORT_FUNCTION}END_OF_INFINIBAY_FILE
`;

/** Where nothing is reported, `report` does nothing. */
export const LOAD_REPORT = `report() { :; }
if [ -r ${INSTALLER_FOLDER}/report.sh ] && [ -r ${INSTALLER_FOLDER}/install.env ]; then
    # shellcheck source=/dev/null
    . ${INSTALLER_FOLDER}/report.sh
fi`;

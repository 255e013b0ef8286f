#!/bin/sh
# %pre, in the installer's own system: takes the settings from the medium, chooses the disk and writes the
# partitioning for %include. Where something is missing it says so, reports it and powers the machine off: after
# a failed %pre Anaconda does nothing any more, and without the file to include it has no partitioning.
#
# The disk becomes GPT always, so that one over 2 TiB starts from BIOS too, which then needs a biosboot
# partition. No swap: Fedora has it in compressed memory, and a fleet that wants more adds a file. Sizes in MiB.
# Only programs that Anaconda's system has (test/support/installers/programs).
# @begin
umask 077
mkdir -p @FOLDER@
rm -f @DISK_INCLUDE@ @FOLDER@/install.env @FOLDER@/unsent
@POWER_OFF@
# Whatever ends it early.
trap '[ "$?" -eq 0 ] || power_off' EXIT
report() { :; }
stop() { # reason
    tell "$1"
    report failed "$1"
    : >@FOLDER@/failed
    exit 1
}

@READ_MEDIUM@
@CHECK_SETTINGS@
# The medium is the device that the kernel's arguments name, or the one with Anaconda's label.
dev=${INFINIBAY_DEV:-/dev}
medium=$dev/disk/by-label/@LABEL@
read -r cmdline </proc/cmdline || true
set -f
for word in $cmdline; do
    case $word in
    (inst.ks=hd:*)
        medium=${word#inst.ks=hd:}
        medium=${medium%%:*}
        case $medium in
        (LABEL=*) medium=$dev/disk/by-label/${medium#*=} ;;
        (UUID=*) medium=$dev/disk/by-uuid/${medium#*=} ;;
        (/dev/*) medium=$dev/${medium#/dev/} ;;
        (*) medium=$dev/$medium ;;
        esac
        ;;
    esac
done
set +f
if ! why=$(read_medium "$medium" @FOLDER@/medium @FOLDER@/install.env 30 2>&1); then
    stop "${why:-infinibay: the install medium $medium cannot be read}"
fi
why=$(check_settings @FOLDER@/install.env 2>&1) || stop "$why"
# shellcheck source=/dev/null
. @FOLDER@/install.env
# @if REPORT
@CONNECT@
connect
cat >@FOLDER@/report.sh <<'END_OF_INFINIBAY_FILE'
. @FOLDER@/install.env
@REPORT@
END_OF_INFINIBAY_FILE
# @end
@LOAD_REPORT@
choose_disk() (
@DISK_RULE@
)

report installer-started
disk=$(choose_disk 2>@FOLDER@/disk.log) || stop "$(cat @FOLDER@/disk.log)"
printf '%s\n' "$disk" >@FOLDER@/disk
report partitioning
# @if RHSM
quote() { printf "'%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")"; }
{
    printf 'rhsm --organization=%s' "$(quote "$INFINIBAY_RHSM_ORGANIZATION")"
    printf '%s\n' "$INFINIBAY_RHSM_ACTIVATION_KEYS" | tr , '\n' | while IFS= read -r key; do
        printf ' --activation-key=%s' "$(quote "$key")"
    done
    printf '%s\n' @RHSM_PROXY@
} >@RHSM_INCLUDE@
# @end
cat >@DISK_INCLUDE@ <<EOF
ignoredisk --only-use=$disk
zerombr
clearpart --all --initlabel --disklabel=gpt --drives=$disk
bootloader --location=mbr --boot-drive=$disk
# @if UEFI
part /boot/efi --fstype=efi --size=600 --ondisk=$disk
# @else
part biosboot --fstype=biosboot --size=1 --ondisk=$disk
# @end
part /boot --fstype=xfs --size=@BOOT_MIB@ --ondisk=$disk
# @if LVM
part pv.01 --size=4096 --grow --ondisk=$disk
volgroup @VOLUME_GROUP@ pv.01
logvol / --vgname=@VOLUME_GROUP@ --name=root --fstype=xfs --size=4096 --grow
# @else
part / --fstype=xfs --size=4096 --grow --ondisk=$disk
# @end
EOF
# @if REPORT
disconnect
# @end

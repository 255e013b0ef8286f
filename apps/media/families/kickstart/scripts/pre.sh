#!/bin/sh
# %pre, in the installer's own system: takes the settings out of the kickstart, chooses the disk and writes
# the partitioning for %include. Without a disk it says why, reports it and ends with an error, which ends the
# installation; and as there is then no file to include, Anaconda has no partitioning in any case.
# /run/install/ks.cfg is where Anaconda's dracut module puts the kickstart, and from where its
# 99-copy-logs.ks copies it to /root/original-ks.cfg.
#
# The disk becomes GPT always, so that one over 2 TiB starts from BIOS too, which then needs a biosboot
# partition. No swap: Fedora has it in compressed memory, and a fleet that wants more adds a file. Sizes in MiB.
# @begin
umask 077
mkdir -p @FOLDER@
rm -f @DISK_INCLUDE@
kickstart=${INFINIBAY_KICKSTART:-/run/install/ks.cfg}
if [ -e "$kickstart" ]; then
    sed -n 's/^@SETTINGS_MARK@ //p' "$kickstart" | base64 -d >@FOLDER@/install.env || true
    # Anaconda copies this file to the installed system: the secrets leave it now.
    sed -i 's/^@SETTINGS_MARK@ .*/@SETTINGS_MARK@ taken/' "$kickstart" || true
fi
# @if REPORT
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
if ! disk=$(choose_disk 2>@FOLDER@/disk.log); then
    cat @FOLDER@/disk.log >&2
    # On the screen as well, for whoever looks at it.
    console=${INFINIBAY_DEV:-/dev}/console
    [ ! -w "$console" ] || cat @FOLDER@/disk.log >"$console" || true
    report failed "$(cat @FOLDER@/disk.log)"
    : >@FOLDER@/failed
    exit 1
fi
report partitioning
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
part /boot --fstype=xfs --size=1024 --ondisk=$disk
# @if LVM
part pv.01 --size=4096 --grow --ondisk=$disk
volgroup system pv.01
logvol / --vgname=system --name=root --fstype=xfs --size=4096 --grow
# @else
part / --fstype=xfs --size=4096 --grow --ondisk=$disk
# @end
EOF

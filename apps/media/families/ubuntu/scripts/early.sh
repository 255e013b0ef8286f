#!/bin/sh
# The early command of an autoinstall: chooses the disk before Subiquity looks at any, and puts it into the
# answers, which are read again after the last early command. A failing one aborts the installation
# ("Autoinstall configuration reference manual", early-commands).
# @begin
# @if REPORT
@REPORT_SETTINGS@
@REPORT@
# @end
choose_disk() (
@DISK_RULE@
)
answers=${INFINIBAY_ANSWERS:-/autoinstall.yaml}
# @if REPORT
report installer-started
# @end
if ! disk=$(choose_disk 2>/run/infinibay-disk.log); then
    cat /run/infinibay-disk.log >&2
    # @if REPORT
    report failed "$(cat /run/infinibay-disk.log)"
    # @end
    : >@FAILED@
    exit 1
fi
sed -i "s|path: ['\"]\{0,1\}@DISK_PATH@['\"]\{0,1\}|path: /dev/$disk|" "$answers"
if ! grep -q "path: /dev/$disk" "$answers"; then
    echo "infinibay: the storage section of $answers does not name a disk: nothing was written" >&2
    exit 1
fi
# @if REPORT
report partitioning
# @end

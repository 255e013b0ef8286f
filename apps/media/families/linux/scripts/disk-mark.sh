#!/bin/sh
# Defines `mark_disk DISK` (`vda`), which names the first partition after the medium that has begun to install
# there, so that the same medium may begin again (disk-rule.sh), and `unmark_disk DISK`, which gives it back the
# name that it had. Both only ever change a GPT name, and never fail. For the installer's own system: the
# partition may be mounted, so the kernel is not told. sfdisk of util-linux 2.32 and later has these options.
# INFINIBAY_DEV and INFINIBAY_RUN stand for /dev and /run/infinibay.
# @begin
disk_mark=@MARK@
disk_name() { sfdisk --part-label "${INFINIBAY_DEV:-/dev}/$1" 1 2>/dev/null; }
name_disk() {
    sfdisk --no-tell-kernel --part-label "${INFINIBAY_DEV:-/dev}/$1" 1 "$2" >/dev/null ||
        echo "infinibay: the first partition of $1 cannot be named '$2'" >&2
}
mark_disk() {
    disk_old=$(disk_name "$1") && [ "$disk_old" != "$disk_mark" ] || return 0
    mkdir -p "${INFINIBAY_RUN:-/run/infinibay}"
    echo "$disk_old" >"${INFINIBAY_RUN:-/run/infinibay}/partition-name"
    name_disk "$1" "$disk_mark"
}
unmark_disk() {
    [ "$(disk_name "$1")" = "$disk_mark" ] || return 0
    name_disk "$1" "$(cat "${INFINIBAY_RUN:-/run/infinibay}/partition-name" 2>/dev/null)"
}

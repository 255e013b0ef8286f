#!/bin/sh
# The early command of an autoinstall: takes the settings from the medium, chooses the disk before Subiquity looks
# at any, and puts it into the answers, which are read again after the last early command. Where something is
# missing it says so and powers off: whether the error commands run after a failing early command differs by
# release.
# `run` and `settings` are the session's.
# shellcheck disable=SC2154
# @begin
@SESSION@
choose_disk() (
@DISK_RULE@
)
fail() { # reason
    stop "$1"
    exit 1
}
answers=${INFINIBAY_ANSWERS:-/autoinstall.yaml}
why=$(fetch_settings 30 2>&1) || fail "${why:-infinibay: the settings on the install medium cannot be read}"
# shellcheck source=/dev/null
. "$settings"
report installer-started
disk=$(choose_disk 2>"$run/disk.log") || fail "$(cat "$run/disk.log")"
sed -i "s|path: ['\"]\{0,1\}@DISK_PATH@['\"]\{0,1\}|path: /dev/$disk|" "$answers"
grep -q "path: /dev/$disk" "$answers" ||
    fail "infinibay: the storage section of $answers does not name a disk: nothing was written"
partition_table "$disk" >"$run/partition-table"
echo "$disk" >"$run/disk"
report partitioning

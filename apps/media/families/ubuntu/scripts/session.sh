#!/bin/sh
# What the early command and the error command share, each a program of its own in the installer's live system:
# the settings of the medium, and the end of an installation that failed. That is a power-off; one that is
# finished restarts. casper asks for the installer's medium to be taken out before either, and waits for a key
# (its casper-stop), unless /run/casper-no-prompt is there: Subiquity makes that file after the early commands.
# INFINIBAY_RUN and INFINIBAY_DEV stand for /run/infinibay and /dev. What they print is shown and copied to the
# installed system: never a setting.
# @begin
umask 077
run=${INFINIBAY_RUN:-/run/infinibay}
dev=${INFINIBAY_DEV:-/dev}
settings=$run/install.env
mkdir -p "$run"
@TELL@
@READ_MEDIUM@
@CHECK_SETTINGS@
@DISK_MARK@
# @if REPORT
@REPORT@
# @else
report() { :; }
# @end

# A remaster has the settings on the installer's own medium, which is mounted.
fetch_settings() { # seconds
    if [ ! -s "$settings" ]; then
        if [ -e @REMASTERED@ ]; then
            cat @REMASTERED@ >"$settings" || return 1
        else
            read_medium "$dev/disk/by-label/@LABEL@" "$run/medium" "$settings" "$1" || return 1
        fi
    fi
    check_settings "$settings"
}

partition_table() { blkid -p -o value -s PTUUID "$dev/$1" 2>/dev/null || true; }

stop() { # reason logfile
    tell "$1"
    [ -z "${2:-}" ] || tell "$(tail -n 20 "$2" 2>/dev/null)"
    # Another partition table than before: this medium has begun the disk, and may begin it again.
    if [ -s "$run/disk" ] && [ "$(partition_table "$(cat "$run/disk")")" != "$(cat "$run/partition-table")" ]; then
        mark_disk "$(cat "$run/disk")"
    fi
    report failed "$1" "${2:-}"
    : >"$run/failed"
    : >"${run%/*}/casper-no-prompt"
    tell 'infinibay: the installation failed: the machine powers off'
    systemctl poweroff || systemctl --force --force poweroff
}

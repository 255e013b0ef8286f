#!/bin/sh
# Defines `read_medium DEVICE FOLDER FILE SECONDS`: copies the settings of the medium on DEVICE to FILE (0600).
# It waits for the device as long as it is told, mounts it read-only on FOLDER, and unmounts it at once, so
# that it can be detached. It fails, and says why, when there is no medium or no settings on it.
# @begin
read_medium() (
    umask 077
    waited=0
    while [ ! -e "$1" ]; do
        if [ "$waited" -ge "$4" ]; then
            echo "infinibay: the install medium $1 is not there after $4 seconds" >&2
            exit 1
        fi
        sleep 1
        waited=$((waited + 1))
    done
    mkdir -p "$2"
    mount -o ro,nosuid,nodev,noexec "$1" "$2" || exit 1
    code=0
    cat "$2/@INSTALL_ENV@" >"$3" || code=1
    umount "$2" || umount -l "$2" || code=1
    if [ "$code" -ne 0 ] || [ ! -s "$3" ]; then
        echo "infinibay: the install medium $1 has no @INSTALL_ENV@" >&2
        rm -f "$3"
        exit 1
    fi
)

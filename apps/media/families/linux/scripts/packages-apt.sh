#!/bin/sh
# apt for `packages.sh`. What was changed by hand stays as it is.
# shellcheck disable=SC2317
# @begin
export DEBIAN_FRONTEND=noninteractive
apt_for() { # seconds argument...
    limit=$1
    shift
    timeout --kill-after=20 "$limit" apt-get -y -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 \
        -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30 \
        -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
}
refresh() { apt_for "$1" update; }
fetch() {
    limit=$1
    shift
    apt_for "$limit" --download-only install -- "$@"
}
install_now() {
    limit=$1
    shift
    apt_for "$limit" install -- "$@"
}
# Also by a name that a package provides.
installed() {
    dpkg-query -W -f '${db:Status-Status} ${Package}, ${Provides},\n' 2>/dev/null |
        sed -n 's/^installed //p' | tr ',' '\n' | sed 's/^ *//; s/[ :].*//' | grep -xF -e "$1" >/dev/null
}

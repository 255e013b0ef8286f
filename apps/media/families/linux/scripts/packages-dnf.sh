#!/bin/sh
# dnf for `packages.sh`: it leaves out what its sources do not have, and sources that cannot be reached.
# `only_mirror` asks the request's own mirror alone, so that a network without a way out loses no time.
# shellcheck disable=SC2154,SC2317
# @begin
case $(dnf --version 2>/dev/null) in
dnf5*) leave_out='--skip-unavailable --skip-broken' ;;
*) leave_out='--setopt=strict=0' ;;
esac
dnf_for() { # seconds argument...
    limit=$1
    shift
    timeout --kill-after=20 "$limit" dnf -y --setopt='*.skip_if_unavailable=1' --setopt=timeout=30 --setopt=retries=3 \
        ${only_mirror:+--repo=infinibay-mirror*} "$@"
}
# Its lists are fetched when they are needed.
refresh() { :; }
# shellcheck disable=SC2086
fetch() {
    limit=$1
    shift
    dnf_for "$limit" install $leave_out --downloadonly "$@"
}
# shellcheck disable=SC2086
install_now() {
    limit=$1
    shift
    dnf_for "$limit" install $leave_out "$@"
}
# A group is there when nothing of it is left to install.
installed() {
    case $1 in
    @*) timeout 120 dnf -q -C --assumeno --setopt='*.skip_if_unavailable=1' install "$1" >/dev/null 2>&1 ;;
    *) rpm -q --quiet "$1" || rpm -q --quiet --whatprovides "$1" ;;
    esac
}

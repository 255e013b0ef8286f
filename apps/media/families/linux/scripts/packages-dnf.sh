#!/bin/sh
# dnf for `packages.sh`: it leaves out what its sources do not have, and sources that cannot be reached.
# `only_mirror` asks the request's own mirror alone, so that a network without a way out loses no time.
# shellcheck disable=SC2317
# @begin
case $(dnf --version 2>/dev/null) in
dnf5*) leave_out='--skip-unavailable --skip-broken' ;;
*) leave_out='--setopt=strict=0' ;;
esac
dnf_for() { # seconds argument...
    limit=$1
    shift
    timeout --kill-after=20 "$limit" dnf -y --setopt='*.skip_if_unavailable=1' --setopt=timeout=15 --setopt=retries=1 \
        ${only_mirror:+"--repo=infinibay-mirror*"} "$@"
}
# Its lists are fetched when they are needed.
refresh() { :; }
# What is left out leaves no trace where a group of packages was asked for: these are installed each by itself,
# and are there when dnf has done so.
groups_there=
several() { # seconds option name...
    limit=$1
    option=$2
    shift 2
    packages=
    for name in "$@"; do
        case $name in
        @*)
            if dnf_for "$limit" install ${option:+"$option"} "$name" && [ -z "$option" ]; then
                groups_there="$groups_there $name "
            fi
            ;;
        *) packages="$packages $name" ;;
        esac
    done
    # shellcheck disable=SC2086
    [ -z "$packages" ] || dnf_for "$limit" install $leave_out ${option:+"$option"} $packages
}
fetch() {
    limit=$1
    shift
    several "$limit" --downloadonly "$@"
}
install_now() {
    limit=$1
    shift
    several "$limit" '' "$@"
}
# Also by a name that a package provides.
installed() {
    case $1 in
    @*)
        case $groups_there in
        *" $1 "*) ;;
        *) return 1 ;;
        esac
        ;;
    *) rpm -q --quiet "$1" || rpm -q --quiet --whatprovides "$1" ;;
    esac
}

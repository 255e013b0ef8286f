#!/bin/sh
# The error command: says why the installation failed, with the last lines of the installer's log, and powers
# off. It runs after a failed early command too, which has told more already, or instead of it, when Subiquity
# refused the answers.
# `run` and `settings` are the session's.
# shellcheck disable=SC2154
# @begin
@SESSION@
[ ! -e "$run/failed" ] || exit 0
if fetch_settings 5 2>/dev/null; then
    # shellcheck source=/dev/null
    . "$settings"
fi
log=/var/log/installer/curtin-install.log
[ -s "$log" ] || log=/var/log/installer/subiquity-server-debug.log
stop 'infinibay: the installer stopped with an error' "$log"

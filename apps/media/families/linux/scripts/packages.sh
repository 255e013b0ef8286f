#!/bin/sh
# Installs the packages that were asked for, beside the agent and never before it. What cannot be had is left
# out, said in the log and reported. Whatever comes of it, the agent is told in the end that the machine's
# setup is over.
# Nothing is fetched or begun after nine minutes; what is being installed then is let finish, for half an hour
# at most: a package manager that is killed leaves a system that takes no package any more.
# `only_mirror` is read by dnf's part, which shellcheck does not see here.
# shellcheck disable=SC2034
set -u
umask 022
done=@DONE@
log=@LOG@
program=/opt/infiniservice/infiniservice

[ ! -e "$done" ] || exit 0
(umask 077 && mkdir -p "${done%/*}")
exec >>"$log" 2>&1 </dev/null
chmod 0640 "$log"

say() { echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) $*"; }

@READ_MEDIUM@

@REPORT@

# Where reports go, while the medium is certainly there: it may be detached once the agent has said hello.
settings=/run/infinibay/packages.env
(umask 077 && mkdir -p "${settings%/*}")
if read_medium /dev/disk/by-label/@LABEL@ "${settings%/*}/packages-medium" "$settings" 30; then
    # shellcheck source=/dev/null
    . "$settings"
    [ "${INFINIBAY_MEDIUM_ID:-}" = @MEDIUM_ID@ ] || unset INFINIBAY_REPORT_URL
fi
rm -f "$settings"

# Seconds since the start; the clock may be set meanwhile.
uptime() {
    read -r now _ </proc/uptime
    echo "${now%.*}"
}
last=$(($(uptime) + 540))
has_time() {
    left=$((last - $(uptime)))
    [ "$left" -gt 0 ]
}

@MANAGER@

missing() { # name...: those that are not there, one a line
    for name in "$@"; do
        installed "$name" || echo "$name"
    done
}

together() { # name...: fails when something kept them from being installed
    # A package's name has neither blanks nor patterns.
    # shellcheck disable=SC2046
    set -- $(missing "$@")
    [ $# -gt 0 ] || return 0
    has_time || return 1
    fetch "$left" "$@" || say "not all of these could be fetched: $*"
    has_time || return 1
    install_now 1800 "$@"
}

# One that cannot be installed keeps no other from it; nor do those of the language, which are asked for apart.
each() {
    together "$@" || [ $# -eq 1 ] || for name in "$@"; do together "$name"; done
}
all_groups() {
    # @if LANGUAGE
    each @LANGUAGE@
    # @end
    # @if PACKAGES
    each @PACKAGES@
    # @end
}

say "installing @ALL@"
for round in 1 2; do
    if [ -z "$(missing @ALL@)" ] || ! has_time; then break; fi
    # A source, or its lock, may be busy for a moment.
    [ "$round" -eq 1 ] || sleep 15
    refresh "$left" || say "the lists of packages could not be fetched"
    # @if MIRROR
    only_mirror=yes
    all_groups
    only_mirror=
    # @end
    all_groups
done

set --
for name in $(missing @ALL@); do
    say "warning: the package $name is not installed"
    set -- "$@" "the package $name is not installed"
done
[ $# -eq 0 ] || report packages '' "$log" "$@"
: >"$done"
say "done"
[ ! -x "$program" ] || "$program" install --finished || true

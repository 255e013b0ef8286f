#!/bin/sh
# Fetches InfiniService, checks it against the hashes that came with the install medium, and installs it.
# @CALLER@ runs this once; @UNIT@ repeats it until it has succeeded.
set -eu
umask 077
stamp=@STAMP@
log=@LOG@

[ ! -e "$stamp" ] || exit 0
mkdir -p "${stamp%/*}"
exec 9>"$stamp.lock"
flock 9
[ ! -e "$stamp" ] || exit 0
exec >>"$log" 2>&1
chmod 0640 "$log"

say() { echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) $*"; }
# shellcheck source=/dev/null
. @SETTINGS@
export INFINISERVICE_SHA256
[ -z "${INFINISERVICE_SHARED_SECRET:-}" ] || export INFINISERVICE_SHARED_SECRET
# @if REPORT

@REPORT@

if [ -z "${INFINIBAY_IN_INSTALLER:-}" ] && [ ! -e "$stamp.first-boot" ] && try_report first-boot; then
    : >"$stamp.first-boot"
fi
# @end

# @if WORK
work=@WORK@
rm -rf "$work"
mkdir -m 0700 "$work"
# @else
work=$(mktemp -d)
# @end
trap 'rm -rf "$work"' EXIT

fetch() { # hash file
    say "downloading $2"
    url="$INFINIBAY_URL/infiniservice/sha256/$1"
    if command -v curl >/dev/null 2>&1; then
        curl --fail --silent --show-error --location --retry 5 --retry-delay 2 --connect-timeout 10 --output "$work/$2" "$url"
    else
        wget --quiet --tries=5 --timeout=30 --output-document="$work/$2" "$url"
    fi
    # Nothing that was downloaded runs before its hash matched.
    if ! echo "$1  $work/$2" | sha256sum --check --status; then
        say "$2 does not have the sha256 that the install medium names: it is not used"
        exit 1
    fi
}

say "installing InfiniService $INFINISERVICE_VERSION"
fetch "$INFINISERVICE_SHA256" infiniservice
fetch "$INFINISERVICE_SCRIPT_SHA256" install-linux.sh
chmod 0700 "$work/infiniservice" "$work/install-linux.sh"
cd "$work"
./install-linux.sh normal "$INFINIBAY_VM_ID"
# @if LEFTOVERS
# What an installer leaves behind may hold the secrets of its medium.
{
    base64 -w 0 @SETTINGS@ | cut -c 1-64
    [ -z "${INFINISERVICE_SHARED_SECRET:-}" ] || echo "$INFINISERVICE_SHARED_SECRET"
    [ -z "${INFINIBAY_REPORT_TOKEN:-}" ] || echo "$INFINIBAY_REPORT_TOKEN"
} | grep -rlF -f - -- @LEFTOVERS@ 2>/dev/null | while read -r left; do
    rm -f -- "$left"
    say "removed $left, which held a secret of the install medium"
done
# @end
: >"$stamp"
# @if REPORT
report agent-installed
# @end
rm -f @SETTINGS@
say "done"

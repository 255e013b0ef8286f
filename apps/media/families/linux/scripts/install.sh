#!/bin/sh
# Installs InfiniService for the machine that its install medium names: downloads, compared with the hashes
# of the medium, and once for each medium.
#   identify   before the agent starts, without a network: whose medium is there, and is it another machine's?
#   install    afterwards: does what is to be done; fails when it has to be repeated
#   installer  as `install`, in the installer's last phase: the system has not been started yet
# @CALLER@ may run it without a word: then it only starts @UNIT@, which does the rest and repeats it.
set -eu
umask 077
state=@STATE_FOLDER@
stamp=@STAMP@
log=@LOG@
# From the installer's last phase, and from a medium for a system that is there already.
installer_settings=@SETTINGS@
medium_settings=/run/infinibay/install.env
device=/dev/disk/by-label/@LABEL@
program=/opt/infiniservice/infiniservice
spool=/var/lib/infiniservice/spool

if [ $# -eq 0 ]; then
    systemctl daemon-reload || true
    systemctl start --no-block @UNIT@ || true
    exit 0
fi

mkdir -p "$state"
exec 9>"$state/lock"
flock 9
# A server that is away for weeks shall not fill the disk.
[ ! -f "$log" ] || [ "$(wc -c <"$log")" -lt 1048576 ] || : >"$log"
exec >>"$log" 2>&1
chmod 0640 "$log"

say() { echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) $*"; }

@READ_MEDIUM@

value() { # name file: of a line NAME=value, with or without quotes
    [ ! -r "$2" ] || sed -n "s/^$1=['\"]\{0,1\}\([A-Za-z0-9-]*\)['\"]\{0,1\}\$/\1/p" "$2" | tail -n 1
}

# Whose agent is installed: both are empty when none is, the medium when it is not known. Others than this
# script install it as well.
installed() {
    installed_vm=$(value VM_ID "$stamp")
    installed_medium=$(value MEDIUM_ID "$stamp")
    if [ -z "$installed_vm" ] && [ -e "$program" ]; then installed_vm=$(value INFINIBAY_VM_ID /etc/environment); fi
}

# The settings that count, in $settings, or nothing.
settings() {
    settings=
    for candidate in "$medium_settings" "$installer_settings"; do
        if [ -n "$(value INFINIBAY_VM_ID "$candidate")" ]; then
            settings=$candidate
            break
        fi
    done
    vm=$(value INFINIBAY_VM_ID "$settings")
    medium=$(value INFINIBAY_MEDIUM_ID "$settings")
}

# A system that is there takes a medium for such systems alone: one that installs may lie beside an old disk.
read_own_medium() { # seconds
    mkdir -p "${medium_settings%/*}"
    if command -v udevadm >/dev/null 2>&1; then udevadm settle --timeout=10 || true; fi
    [ "$1" -gt 0 ] || [ -e "$device" ] || return 0
    read_medium "$device" "${medium_settings%/*}/medium" "$medium_settings.part" "$1" || return 0
    if [ "$(value INFINIBAY_SOURCE "$medium_settings.part")" = cloud-image ]; then
        mv "$medium_settings.part" "$medium_settings"
    else
        rm -f "$medium_settings.part"
        say "the medium $device installs machines: it is not for this system"
    fi
}

write_stamp() { # vm medium
    printf 'VM_ID=%s\nMEDIUM_ID=%s\n' "$1" "$2" >"$stamp.part"
    mv "$stamp.part" "$stamp"
}

# Stops the agent and takes its identity and its secret away. Its spool stays.
retire() {
    if [ -x "$program" ] && timeout 60 "$program" uninstall; then return; fi
    systemctl stop infiniservice.service || true
    rm -f /etc/systemd/system/multi-user.target.wants/infiniservice.service \
        /etc/systemd/system/infiniservice.service /etc/infiniservice/agent.env "$program" \
        "${spool%/*}/medium.json"
    systemctl daemon-reload || true
}

# After each line the power may go: what is done already is found done at the next start.
identify() {
    installed
    # @if CLOUD_IMAGE
    if [ -n "$installed_vm" ] || [ -e "$installer_settings" ]; then read_own_medium 0; else read_own_medium 30; fi
    # @else
    read_own_medium 0
    # @end
    settings
    if [ -z "$settings" ]; then
        [ -z "$installed_vm" ] || return 0
        say "there are no settings of an install medium, and no agent is installed"
        missing=0
        # @if CLOUD_IMAGE
        missing=1
        # @end
        exit "$missing"
    fi
    if [ -n "$installed_vm" ] && [ "$installed_vm/${installed_medium:-$medium}" != "$vm/$medium" ]; then
        if [ "$settings" = "$installer_settings" ]; then
            say "these settings are of an installer, and a system of another medium is here: they are not taken"
            rm -f "$settings"
            return 0
        fi
        say "this is another medium than the one that the agent was installed from: it is installed anew"
        # The next start has to know it when the power goes in the middle.
        [ -s "$stamp" ] || write_stamp "$installed_vm" ''
        retire
        if [ "$installed_vm" != "$vm" ] && [ -e "$spool" ]; then
            # What this one has not delivered is not the other's to send.
            kept=$spool.$installed_vm
            while [ -e "$kept" ]; do kept=$kept.again; done
            mv "$spool" "$kept"
        fi
        rm -f "$stamp"
        installed_vm=
    fi
    # The same machine again: its results are sent now.
    if [ -z "$installed_vm" ] && [ ! -e "$spool" ] && [ -e "$spool.$vm" ]; then mv "$spool.$vm" "$spool"; fi
}

@DOWNLOAD@

fetch() { # hash bytes file
    say "downloading $3"
    download "$INFINIBAY_URL/infiniservice/sha256/$1" "$work/$3" "$2" "${INFINIBAY_MEDIUM_PROOF:-}" || { say "$3 could not be downloaded" && exit 1; }
    [ "$work" = "$started" ] || cp "$work/$3" "$started/$3"
    # Nothing that was downloaded runs before its hash matched.
    if ! echo "$1  $started/$3" | sha256sum --check --status; then
        say "$3 does not have the sha256 that the install medium names: it is not used"
        exit 1
    fi
}

@REPORT@

# Its secrets as lines for grep; a short key alone would be found in files that have none.
secrets_of() { # settings
    (
        # shellcheck source=/dev/null
        . "$1"
        for secret in "${INFINISERVICE_SHARED_SECRET:-}" "${INFINIBAY_MEDIUM_PROOF:-}" "${INFINIBAY_REPORT_TOKEN:-}"; do
            [ -z "$secret" ] || printf '%s\n' "$secret"
        done
        printf %s "${INFINIBAY_RHSM_ACTIVATION_KEYS:-}" | tr ',' '\n' | while read -r key || [ -n "$key" ]; do
            printf 'activation-key=%s\nactivation-key="%s"\n' "$key" "$key"
            [ "${#key}" -lt 8 ] || printf '%s\n' "$key"
        done
    )
}

# Once, at the first start: installers copy answers and logs to the system after their last phase.
search_leftovers() {
    [ ! -e "$state/leftovers-searched" ] || return 0
    if [ -n "$settings" ]; then secrets_of "$settings" >>"$state/secrets"; fi
    [ -s "$state/secrets" ] || return 0
    grep -rlF -f "$state/secrets" -- @LEFTOVERS@ 2>/dev/null | while read -r left; do
        rm -f -- "$left"
        say "removed $left, which held a secret of the install medium"
    done
    : >"$state/leftovers-searched"
    rm -f "$state/secrets"
}

install() { # whether the system was started
    # What the installer itself has in /run is not ours to remove.
    [ "$1" = yes ] || medium_settings=$installer_settings
    installed
    settings
    [ "$1" = no ] || search_leftovers
    if [ -z "$settings" ]; then return 0; fi
    if [ "$installed_vm/$installed_medium" = "$vm/$medium" ]; then
        rm -f "$medium_settings" "$installer_settings"
        return 0
    fi

    # shellcheck source=/dev/null
    . "$settings"
    if [ "$1" = yes ]; then
        timeout 120 systemctl start network-online.target || true
        if [ "$(cat "$state/first-boot" 2>/dev/null)" != "$medium" ] && try_report first-boot; then
            echo "$medium" >"$state/first-boot"
        fi
    fi

    # What is started lies here: /tmp may be one from which nothing is.
    started=$state/download
    work=$started
    # @if WORK
    [ "$1" = yes ] || work=@WORK@
    # @end
    rm -rf "$work" "$started"
    trap 'rm -rf "$work" "$started"' EXIT
    mkdir "$started"
    [ "$work" = "$started" ] || mkdir "$work"
    say "installing InfiniService $INFINISERVICE_VERSION"
    fetch "$INFINISERVICE_SHA256" "$INFINISERVICE_BYTES" infiniservice
    fetch "$INFINISERVICE_SCRIPT_SHA256" "$INFINISERVICE_SCRIPT_BYTES" install-linux.sh

    packages_done=@PACKAGES_DONE@$medium
    setup=
    if [ "${INFINIBAY_SETUP:-}" = running ] && [ ! -e "$packages_done" ]; then setup=running; fi
    (
        export INFINISERVICE_SHA256 INFINISERVICE_SETUP="$setup"
        [ -z "${INFINISERVICE_SHARED_SECRET:-}" ] || export INFINISERVICE_SHARED_SECRET
        if [ -n "${INFINIBAY_MEDIUM_PROOF:-}" ]; then
            export INFINISERVICE_MEDIUM_ID="$medium" INFINISERVICE_MEDIUM_PROOF="$INFINIBAY_MEDIUM_PROOF"
        fi
        cd "$started"
        sh ./install-linux.sh normal "$vm"
    ) || { say "install-linux.sh failed" && exit 1; }
    # They may have been done meanwhile, when no agent was there to be told.
    if [ -n "$setup" ] && [ -e "$packages_done" ]; then "$program" install --finished || true; fi

    [ "$1" = yes ] || [ -e "$state/leftovers-searched" ] || secrets_of "$settings" >"$state/secrets"
    write_stamp "$vm" "$medium"
    report agent-installed
    rm -f "$medium_settings" "$installer_settings"
    say "done"
}

case $1 in
identify) identify ;;
install) install yes ;;
installer) install no ;;
*)
    say "there is no $1: identify, install or installer"
    exit 2
    ;;
esac

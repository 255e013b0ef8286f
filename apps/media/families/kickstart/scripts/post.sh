#!/bin/sh
# %post in the installed system: rights of users without a password, further SSH keys, the agent, and whether
# what was asked for is there. Nothing in it ends the installation: what the agent's part does not finish here in
# ten minutes, its unit does after the start.
# `put` and `add_key` are called by the machine's files, which shellcheck does not see here.
# shellcheck disable=SC2317
# @begin
exec >>@LOG@ 2>&1
echo "the installer's last phase begins"
put() { # mode path: standard input becomes the file
    mkdir -p "${2%/*}"
    cat >"$2"
    chmod "$1" "$2"
    if command -v restorecon >/dev/null 2>&1; then restorecon -F "$2" || true; fi
}
# @if USERS
keys_of() { printf '%s/.ssh/authorized_keys' "$(getent passwd "$1" | cut -d: -f6)"; }
# @end
# @if MORE_KEYS
add_key() { printf '%s\n' "$2" >>"$(keys_of "$1")" || true; }
# @end
@MACHINE_FILES@
@LOAD_REPORT@
# What was asked for and is not there. Groups of packages are known to dnf alone, by what its sources say of
# them; a desktop is known by its display manager.
set --
for service in sshd.service @UNIT@; do
    systemctl enable "$service" || set -- "$@" "$service could not be enabled"
done
# @if PACKAGES
# shellcheck disable=SC2043
for package in @PACKAGES@; do
    rpm -q "$package" >/dev/null 2>&1 || rpm -q --whatprovides "$package" >/dev/null 2>&1 ||
        set -- "$@" "the package $package is not installed"
done
# @end
# @if DESKTOP
[ -e /etc/systemd/system/display-manager.service ] || set -- "$@" 'a desktop was asked for and none is installed'
# @end
# @if USERS
# shellcheck disable=SC2043
for user in @USERS@; do
    id -u "$user" >/dev/null 2>&1 || set -- "$@" "the user $user is missing"
done
while read -r user key; do
    grep -qsF -- "$key" "$(keys_of "$user")" || set -- "$@" "the user $user is without the SSH key ${key##* }"
done <<'END_OF_KEYS'
@KEYS@
END_OF_KEYS
# @end
for warning in "$@"; do echo "warning: $warning"; done
[ "$#" -eq 0 ] || report packages '' '' "$@"

if [ -e @SETTINGS@ ]; then
    timeout 600 @INSTALL_SCRIPT@ installer ||
        report packages "the agent is not installed yet: @UNIT@ goes on after the start" @LOG@
fi
if command -v restorecon >/dev/null 2>&1; then restorecon -RF /etc/infinibay /var/lib/infinibay @LOG@ || true; fi
# Anaconda leaves this script there.
rm -f /tmp/ks-script-*
exit 0

#!/bin/sh
# %post in the installed system: rights of users without a password, further SSH keys, the agent. Nothing in
# it ends the installation: what the agent's part does not finish here in ten minutes, its unit does after
# the start.
# `put` is called by the machine's files, which shellcheck does not see here.
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
@MACHINE_FILES@
@LOAD_REPORT@
systemctl enable @UNIT@ || true
if [ -e @SETTINGS@ ]; then
    timeout 600 @INSTALL_SCRIPT@ installer ||
        report packages "the agent is not installed yet: @UNIT@ goes on after the start" @LOG@
fi
if command -v restorecon >/dev/null 2>&1; then restorecon -RF /etc/infinibay /var/lib/infinibay @LOG@ || true; fi
# Anaconda leaves this script there.
rm -f /tmp/ks-script-*
exit 0

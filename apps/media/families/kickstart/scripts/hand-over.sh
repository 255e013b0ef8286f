#!/bin/sh
# %post --nochroot: the settings, which are secret, go from memory to the installed system without passing
# through a script's text or log.
# @begin
umask 077
root=${ANA_INSTALL_PATH:-/mnt/sysroot}
[ -d "$root/etc" ] || root=/mnt/sysimage
mkdir -p "$root@SETTINGS_FOLDER@"
cp @FOLDER@/install.env "$root@SETTINGS@"
chmod 0600 "$root@SETTINGS@"

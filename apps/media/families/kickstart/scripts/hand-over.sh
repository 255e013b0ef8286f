#!/bin/sh
# %post --nochroot: the settings, which are secret, go from memory to the installed system without passing
# through a script's text or log. Whole or not at all.
# @begin
umask 077
root=${ANA_INSTALL_PATH:-/mnt/sysroot}
[ -d "$root/etc" ] || root=/mnt/sysimage
mkdir -p "$root@SETTINGS_FOLDER@"
cp @FOLDER@/install.env "$root@SETTINGS@.part" &&
    chmod 0600 "$root@SETTINGS@.part" &&
    mv "$root@SETTINGS@.part" "$root@SETTINGS@"

#!/bin/sh
# The late command, outside of the target: the settings, which are secret, go from memory to the installed system
# without passing through a command's text; the agent's files; apt's lock. In the end the installation is finished,
# and its medium has no right to this disk any more. A failing one would end the installation: it goes on.
# `put` is called by the machine's files, which shellcheck does not see here.
# shellcheck disable=SC2317
# @begin
umask 022
run=${INFINIBAY_RUN:-/run/infinibay}
target=${TARGET_MOUNT_POINT:-/target}
@DISK_MARK@
put() { # mode path: standard input becomes the file, whole or not at all
    mkdir -p "$target${2%/*}"
    (umask 077 && cat >"$target$2.part") && chmod "$1" "$target$2.part" && mv "$target$2.part" "$target$2"
}
@MACHINE_FILES@
put 0600 @SETTINGS@ <"$run/install.env" && chmod 0700 "$target@SETTINGS_FOLDER@"
curtin in-target --target="$target" -- systemctl enable @UNIT@
# It never fails.
unmark_disk "$(cat "$run/disk")"

#!/bin/sh
# The last %post --nochroot: the installation is finished, and its medium has no right to this disk any more.
# @begin
@DISK_MARK@
unmark_disk "$(cat @FOLDER@/disk)"

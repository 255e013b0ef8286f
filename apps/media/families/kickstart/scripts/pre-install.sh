#!/bin/sh
# %pre-install: disks are mounted, packages come next. From here on the disk bears the mark of its medium, which
# then may try again, until the last section takes it away.
# @begin
@DISK_MARK@
mark_disk "$(cat @FOLDER@/disk)"
@LOAD_REPORT@
report packages

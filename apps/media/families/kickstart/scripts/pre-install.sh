#!/bin/sh
# %pre-install: disks are mounted, packages come next.
# @begin
@LOAD_REPORT@
report packages

#!/bin/sh
# Defines `report` by what %pre has left. Where nothing is reported, it does nothing.
# @begin
report() { :; }
if [ -r @FOLDER@/report.sh ] && [ -r @FOLDER@/install.env ]; then
    # shellcheck source=/dev/null
    . @FOLDER@/report.sh
fi

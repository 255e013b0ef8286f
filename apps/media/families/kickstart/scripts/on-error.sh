#!/bin/sh
# %onerror, in the installer's own system: the last lines of its log go along. It runs after a failed %pre
# too, which has told more already.
# @begin
@LOAD_REPORT@
[ -e @FOLDER@/failed ] || report failed 'the installer stopped with an error' /tmp/anaconda.log

#!/bin/sh
# %onerror, in the installer's own system: says what happened, on the screen, the serial line and to the suite,
# with the last lines of the installer's log, and powers off: Anaconda would restart, as after a good end.
# @begin
@POWER_OFF@
@LOAD_REPORT@
if [ ! -e @FOLDER@/failed ]; then
    tell 'infinibay: the installer stopped with an error; the last lines of its log:'
    tell "$(tail -n 20 /tmp/anaconda.log 2>/dev/null)"
    report failed 'the installer stopped with an error' /tmp/anaconda.log
fi
power_off

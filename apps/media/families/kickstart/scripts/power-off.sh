#!/bin/sh
# Defines `tell TEXT`, and `power_off`, the end of an installation that failed: one that is finished restarts, and
# Anaconda would wait for ever or restart too. Anaconda's system has no `poweroff`.
# @begin
@TELL@
power_off() {
    tell 'infinibay: the installation failed: the machine powers off'
    systemctl --force --force poweroff
}

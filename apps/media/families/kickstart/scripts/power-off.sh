#!/bin/sh
# Defines `tell TEXT`, which shows a text to whoever looks at the machine: on its screen, its serial line and in
# the section's log; and `power_off`, the end of an installation that failed: one that is finished restarts, and
# Anaconda would wait for ever or restart too. Anaconda's system has no `poweroff`.
# @begin
tell() {
    printf '%s\n' "$1" >&2
    for terminal in console ttyS0 ttyAMA0; do
        terminal=${INFINIBAY_DEV:-/dev}/$terminal
        # A line that nothing is plugged into is there and takes nothing.
        [ ! -w "$terminal" ] || printf '%s\n' "$1" 2>/dev/null >>"$terminal" || true
    done
}
power_off() {
    tell 'infinibay: the installation failed: the machine powers off'
    systemctl --force --force poweroff
}

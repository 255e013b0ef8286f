#!/bin/sh
# Defines `tell TEXT`: shows a text to whoever looks at a machine that installs, on its screen, its serial line
# and in the section's log. INFINIBAY_DEV stands for /dev.
# @begin
tell() {
    printf '%s\n' "$1" >&2
    for terminal in console ttyS0 ttyAMA0; do
        terminal=${INFINIBAY_DEV:-/dev}/$terminal
        # A line that nothing is plugged into is there and takes nothing.
        [ ! -w "$terminal" ] || printf '%s\n' "$1" 2>/dev/null >>"$terminal" || true
    done
}

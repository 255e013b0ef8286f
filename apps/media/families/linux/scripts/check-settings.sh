#!/bin/sh
# Defines `check_settings FILE`: fails, and says why, when the settings of this medium are not all there, or are
# those of another medium.
# @begin
check_settings() (
    # In a shell of its own first: a fault in the file would end this one.
    # shellcheck source=/dev/null
    (. "$1") >/dev/null 2>&1 || {
        echo 'infinibay: the settings on the install medium cannot be read' >&2
        exit 1
    }
    # shellcheck source=/dev/null
    . "$1"
    names='@NAMES@'
    for name in $names; do
        eval "value=\${$name:-}"
        [ -n "$value" ] || {
            echo "infinibay: the settings on the install medium are incomplete: $name is missing" >&2
            exit 1
        }
    done
    [ "$INFINIBAY_MEDIUM_ID" = @MEDIUM_ID@ ] || {
        echo @OTHER_MEDIUM@ @MEDIUM_ID@ >&2
        exit 1
    }
)

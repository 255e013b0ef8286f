#!/bin/sh
# Defines `connect` and `disconnect`: the request's network while %pre runs, in NetworkManager's memory only.
# With packages on a local medium Anaconda brings no card up before %pre, and a later `network` command makes its
# own connections. All cards at once, 20 seconds at most.
# @begin
is_up() { # mac or name of a card
    for net in "${INFINIBAY_SYS:-/sys}"/class/net/*; do
        [ -r "$net/address" ] || continue
        read -r mac <"$net/address" || true
        [ "$mac" = "$1" ] || [ "${net##*/}" = "$1" ] || continue
        case $(nmcli -g GENERAL.STATE device show "${net##*/}" 2>/dev/null) in
        (100*) return 0 ;;
        esac
    done
    return 1
}
card() { # number, mac or name, then properties as nmcli takes them
    connection=infinibay-$1
    # What the kernel's arguments have brought up stays as it is.
    ! is_up "$2" || return 0
    shift 2
    nmcli connection add save no type ethernet con-name "$connection" autoconnect no "$@" >/dev/null || return 0
    connections="$connections $connection"
    nmcli --wait 20 connection up "$connection" >/dev/null &
}
connections=
connect() {
@CARDS@
    wait
}
disconnect() {
    for connection in $connections; do
        nmcli --wait 10 connection delete "$connection" >/dev/null || true
    done
}

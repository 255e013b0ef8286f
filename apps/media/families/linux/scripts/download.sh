#!/bin/sh
# Defines `download URL FILE BYTES [TOKEN]`: fetches a body of exactly BYTES bytes into FILE, tries five times,
# and says on standard output why a try failed. No server stalls it or fills the disk: a body ends one byte past
# BYTES, with a Content-Length or without one (curl before 8.4 looks at that header alone, wget at nothing). curl
# gives up below 1000 bytes a second over 30 seconds, also before the head is there; wget knows no such limit, and
# gets a minute and what its bytes take at 10 kB a second. TOKEN, where it is not empty, goes along as
# `Authorization: Bearer`, and is no argument of a program: others could read it there. It needs head, wc, sleep, and
# curl 7.55, or GNU wget or wget2, timeout and mktemp.
# @begin
download() {
    download_try=1
    until download_once "$@"; do
        [ "$download_try" -lt 5 ] || return 1
        download_try=$((download_try + 1))
        sleep 2
    done
}

download_once() {
    # The reader's end is the transfer's: what is written past it fails.
    download_body "$1" "$3" "${4:-}" | head -c "$(($3 + 1))" >"$2" || return 1
    download_size=$(wc -c <"$2")
    [ "$download_size" -ne "$3" ] || return 0
    if [ "$download_size" -gt "$3" ]; then
        echo "try $download_try: the server has more than the $3 bytes that the install medium names"
    else
        echo "try $download_try: of $3 bytes $((download_size)) came"
    fi
    return 1
}

download_body() { # url bytes token
    if command -v curl >/dev/null 2>&1; then
        set -- "$1" "$3" -q --fail --silent --show-error --location --connect-timeout 10 --speed-time 30 --speed-limit 1000
        download_url=$1 download_token=$2
        shift 2
        if [ -z "$download_token" ]; then
            curl "$@" "$download_url"
        else
            printf 'Authorization: Bearer %s\n' "$download_token" | curl "$@" --header @- "$download_url"
        fi
        return
    fi
    download_seconds=$((60 + $2 / 10000))
    (
        umask 077
        download_config=$(mktemp) || exit 1
        trap 'rm -f "$download_config"' EXIT
        [ -z "$3" ] || printf 'header = Authorization: Bearer %s\n' "$3" >"$download_config"
        timeout "$download_seconds" wget --config="$download_config" --quiet --tries=1 --timeout=30 --output-document=- "$1"
    )
}

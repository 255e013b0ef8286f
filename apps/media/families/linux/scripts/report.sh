#!/bin/sh
# Defines `report PHASE [REASON [LOGFILE [WARNING...]]]`, which always succeeds and takes 15 seconds at most;
# `try_report` tells whether it arrived, `report_json` writes the text that it sends into report_body, a line of
# JSON, and `send_report JSON` sends a text. INFINIBAY_REPORT_URL and INFINIBAY_REPORT_TOKEN say where to; without
# them it does nothing. Of a reason 2 KiB go along, of a log the last 4 KiB, of each warning 512 bytes. It needs
# curl 7.55, GNU wget or wget2; busybox's wget takes the token as an argument only, where others read it, and is
# not used. Without od or awk the texts are left out.
# @begin
json_text() {
    command -v awk >/dev/null 2>&1 && command -v od >/dev/null 2>&1 || return 0
    od -An -v -tu1 | LC_ALL=C awk '
@JSON_TEXT@'
}

report_json() {
    report_body="{\"phase\":\"$1\""
    if [ -n "${2:-}" ]; then
        report_text=$(printf %s "$2" | head -c 2048 | json_text)
        [ -z "$report_text" ] || report_body="$report_body,\"reason\":\"$report_text\""
    fi
    if [ -n "${3:-}" ] && [ -r "$3" ]; then
        report_text=$(tail -c 4096 "$3" | json_text)
        [ -z "$report_text" ] || report_body="$report_body,\"logTail\":\"$report_text\""
    fi
    if [ "$#" -gt 3 ]; then
        shift 3
        report_texts=
        for report_text in "$@"; do
            report_text=$(printf %s "$report_text" | head -c 512 | json_text)
            report_texts="$report_texts${report_texts:+,}\"$report_text\""
        done
        report_body="$report_body,\"warnings\":[$report_texts]"
    fi
    report_body="$report_body}"
}

try_report() {
    report_json "$@"
    send_report "$report_body"
}

# The token is no argument: others could read it there.
send_report() {
    [ -n "${INFINIBAY_REPORT_URL:-}" ] || return 1
    if command -v curl >/dev/null 2>&1; then
        printf 'Authorization: Bearer %s\n' "${INFINIBAY_REPORT_TOKEN:-}" |
            curl -q --fail --silent --output /dev/null --noproxy '*' --connect-timeout 5 --max-time 15 --request POST --header @- \
                --header 'Content-Type: application/json' --data-binary "$1" "$INFINIBAY_REPORT_URL" >/dev/null 2>&1
    elif case $(wget --version 2>/dev/null) in (GNU\ Wget*) true ;; (*) false ;; esac; then
        (
            umask 077
            report_folder=$(mktemp -d) || exit 1
            trap 'rm -rf "$report_folder"' EXIT
            printf 'header = Authorization: Bearer %s\nheader = Content-Type: application/json\n' \
                "${INFINIBAY_REPORT_TOKEN:-}" >"$report_folder/config"
            printf %s "$1" >"$report_folder/body"
            timeout 15 wget --config="$report_folder/config" --quiet --output-document=/dev/null --no-proxy --tries=1 \
                --max-redirect=0 --post-file="$report_folder/body" "$INFINIBAY_REPORT_URL" >/dev/null 2>&1
        )
    else
        return 1
    fi
}

report() { try_report "$@" || true; }

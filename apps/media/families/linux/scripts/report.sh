#!/bin/sh
# Defines `report PHASE [REASON [LOGFILE [WARNING...]]]`, which always succeeds and takes 15 seconds at most;
# `try_report` tells whether it arrived. INFINIBAY_REPORT_URL and INFINIBAY_REPORT_TOKEN say where to;
# without them it does nothing. Of a reason 2 KiB go along, of a log the last 4 KiB, of each warning 512 bytes.
# It needs curl 7.55; without od or awk the texts are left out.
# @begin
json_text() {
    command -v awk >/dev/null 2>&1 && command -v od >/dev/null 2>&1 || return 0
    od -An -v -tu1 | LC_ALL=C awk '
@JSON_TEXT@'
}

# PHASE [REASON [LOGFILE [WARNING...]]]: sets report_body, the whole JSON on one line.
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

# Posts a body of report_json; fails when it did not arrive.
try_report_body() {
    [ -n "${INFINIBAY_REPORT_URL:-}" ] && command -v curl >/dev/null 2>&1 || return 1
    # The token is no argument: others could read it there.
    printf 'Authorization: Bearer %s\n' "${INFINIBAY_REPORT_TOKEN:-}" |
        curl --fail --silent --output /dev/null --noproxy '*' --connect-timeout 5 --max-time 15 --request POST --header @- \
            --header 'Content-Type: application/json' --data-binary "$1" "$INFINIBAY_REPORT_URL" >/dev/null 2>&1
}

try_report() {
    report_json "$@"
    try_report_body "$report_body"
}

report() { try_report "$@" || true; }

#!/bin/sh
# Defines `report` by what %pre has left. Where nothing is reported, it does nothing. What cannot be sent is
# kept, a line each, and the next report sends it first.
# @begin
report() { :; }
if [ -r @FOLDER@/report.sh ] && [ -r @FOLDER@/install.env ]; then
    # shellcheck source=/dev/null
    . @FOLDER@/report.sh
    report() {
        report_json "$@"
        printf '%s\n' "$report_body" >>@FOLDER@/unsent
        mv @FOLDER@/unsent @FOLDER@/sending
        while IFS= read -r report_body; do
            # Later ones do not overtake it.
            if [ -e @FOLDER@/unsent ] || ! send_report "$report_body"; then
                printf '%s\n' "$report_body" >>@FOLDER@/unsent
            fi
        done <@FOLDER@/sending
        rm -f @FOLDER@/sending
    }
fi

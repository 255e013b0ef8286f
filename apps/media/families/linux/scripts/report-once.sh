#!/bin/sh
# One report, which never fails and leaves no name behind.
# @begin
(
@SETTINGS@
@REPORT@
report @WORDS@
) || true

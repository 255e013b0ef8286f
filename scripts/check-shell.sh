#!/usr/bin/env bash
# Runs shellcheck over every shell script that git tracks.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t scripts < <(git ls-files '*.sh' .ci/run)
shellcheck "${scripts[@]}"

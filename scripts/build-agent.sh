#!/usr/bin/env bash
# Builds the static Linux agent and publishes it with its install script for the distribution API.
#
#   build-agent.sh [--publish-to DIR]     DIR: a base directory; default $INFINIBAY_BASE_DIR or /opt/infinibay
#   build-agent.sh --no-publish
set -euo pipefail
cd "$(dirname "$0")/../infiniservice"

base=${INFINIBAY_BASE_DIR:-/opt/infinibay}
case ${1:-} in
  --publish-to) base=${2:?--publish-to needs a folder} ;;
  --no-publish) base= ;;
  '') ;;
  *) echo "unknown option $1; there are --publish-to DIR and --no-publish" >&2; exit 2 ;;
esac

if ! command -v cargo >/dev/null; then
  echo "cargo is missing: install Rust 1.85 or newer and a C compiler (Debian: apt-get install rustup gcc && rustup default stable)" >&2
  exit 1
fi

# --target keeps the flag away from build scripts, which it would break.
target=$(uname -m)-unknown-linux-gnu
RUSTFLAGS="-C target-feature=+crt-static" cargo build --locked --release --target "$target"
mkdir -p target/release
built=target/$target/release/infiniservice
put() { # file, where, mode: whole or not at all
  local folder
  folder=$(dirname "$2")
  mkdir -p "$folder"
  install -m "$3" "$1" "$folder/.$(basename "$2").new"
  mv -f "$folder/.$(basename "$2").new" "$2"
}
put "$built" target/release/infiniservice 0755
if [ -n "$base" ]; then
  put "$built" "$base/infiniservice/binaries/linux/infiniservice" 0755
  put install/install-linux.sh "$base/infiniservice/install/install-linux.sh" 0755
  echo "published to $base/infiniservice ($(stat -c %s "$built") bytes)"
fi

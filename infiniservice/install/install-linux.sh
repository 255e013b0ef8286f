#!/bin/sh
# Installs InfiniService from the binary that lies beside this script. Any number of runs ends in the same
# state.
#
#   install-linux.sh [normal|ping-pong] [vm id]
#
# INFINISERVICE_SHA256         when set, the binary must have this hash
# INFINISERVICE_SHARED_SECRET  the channel secret, by environment only: arguments can be read by others
# INFINISERVICE_MEDIUM_ID, INFINISERVICE_MEDIUM_PROOF
#                              of the install medium, both or none: first-boot scripts go to the installation
#                              that shows the proof of their own medium
# INFINISERVICE_SETUP          running: the system's installation goes on until `infiniservice install
#                              --finished`, ten minutes at most, and first-boot scripts wait for that
set -eu

mode=${1:-normal}
vm_id=${2:-${INFINIBAY_VM_ID:-}}
here=$(cd "$(dirname "$0")" && pwd)
binary=$here/infiniservice

fail() {
    echo "install-linux.sh: $*" >&2
    exit 1
}

[ "$(id -u)" -eq 0 ] || fail "this needs root"
[ -f "$binary" ] || fail "$binary is missing: download it beside this script"
[ -n "$vm_id" ] || fail "the VM id is missing: install-linux.sh $mode <vm id>"
if [ -n "${INFINISERVICE_SHA256:-}" ]; then
    echo "$INFINISERVICE_SHA256  $binary" | sha256sum --check --status ||
        fail "$binary does not have the sha256 $INFINISERVICE_SHA256: it is not installed"
fi
chmod 0755 "$binary"
exec "$binary" install --mode "$mode" --vm-id "$vm_id"

import { shWord } from './escape.js';
import type { Reporting } from './reporting.js';

/** What the medium pins: nothing that a guest downloads runs before it has this hash. */
export interface AgentPins {
  /** Hexadecimal SHA-256. */
  binarySha256: string;
  scriptSha256: string;
  version: string;
}

export interface AgentInstall {
  vmId: string;
  /** e.g. `http://192.0.2.1:4000` */
  distributionUrl: string;
  pins: AgentPins;
  /** The machine's channel secret, or null when lines to guests are not signed. */
  channelSecret: string | null;
  /** Null: the installation is not reported. */
  reporting: Reporting | null;
}

/** A file that is put on the machine. */
export interface MachineFile {
  path: string;
  /** Octal, as chmod takes it. */
  mode: string;
  content: string;
}

/** The documented place of the installation script. */
export const INSTALL_SCRIPT = '/var/lib/cloud/scripts/per-instance/infiniservice-install.sh';
export const INSTALL_UNIT = 'infiniservice-install.service';
export const INSTALL_SETTINGS = '/etc/infinibay/install.env';
const STAMP = '/var/lib/infinibay/infiniservice-installed';
const LOG = '/var/log/infiniservice_install.log';

/**
 * The agent's part of an installation, the same for installers and cloud images: cloud-init runs the script once, where it is documented; the unit runs the
 * same script until it has succeeded, also after restarts and without cloud-init. Both share a lock and a stamp.
 */
export function agentFiles(install: AgentInstall): MachineFile[] {
  return [
    { path: INSTALL_SETTINGS, mode: '0600', content: settings(install) },
    { path: INSTALL_SCRIPT, mode: '0700', content: SCRIPT },
    { path: `/etc/systemd/system/${INSTALL_UNIT}`, mode: '0644', content: UNIT },
  ];
}

function settings({ vmId, distributionUrl, pins, channelSecret }: AgentInstall): string {
  const lines: [string, string][] = [
    ['INFINIBAY_VM_ID', vmId],
    ['INFINIBAY_URL', distributionUrl],
    ['INFINISERVICE_VERSION', pins.version],
    ['INFINISERVICE_SHA256', pins.binarySha256],
    ['INFINISERVICE_SCRIPT_SHA256', pins.scriptSha256],
    ...(channelSecret === null ? [] : [['INFINISERVICE_SHARED_SECRET', channelSecret] as [string, string]]),
  ];
  return lines.map(([name, value]) => `${name}=${shWord(value)}\n`).join('');
}

const UNIT = `[Unit]
Description=Install InfiniService, the Infinibay guest agent
Documentation=file://${INSTALL_SCRIPT}
Wants=network-online.target
After=network-online.target
ConditionPathExists=!${STAMP}
StartLimitIntervalSec=0

[Service]
Type=simple
ExecStart=${INSTALL_SCRIPT}
Restart=on-failure
RestartSec=15

[Install]
WantedBy=multi-user.target
`;

const SCRIPT = `#!/bin/sh
# Fetches InfiniService, checks it against the hashes that came with the install medium, and installs it.
# cloud-init runs this once; ${INSTALL_UNIT} repeats it until it has succeeded.
set -eu
umask 077
stamp=${STAMP}
log=${LOG}

[ ! -e "$stamp" ] || exit 0
mkdir -p "\${stamp%/*}"
exec 9>"$stamp.lock"
flock 9
[ ! -e "$stamp" ] || exit 0
exec >>"$log" 2>&1
chmod 0640 "$log"

say() { echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) $*"; }
# shellcheck source=/dev/null
. ${INSTALL_SETTINGS}
export INFINISERVICE_SHA256
[ -z "\${INFINISERVICE_SHARED_SECRET:-}" ] || export INFINISERVICE_SHARED_SECRET

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fetch() { # hash file
    say "downloading $2"
    url="$INFINIBAY_URL/infiniservice/sha256/$1"
    if command -v curl >/dev/null 2>&1; then
        curl --fail --silent --show-error --location --retry 5 --retry-delay 2 --connect-timeout 10 --output "$work/$2" "$url"
    else
        wget --quiet --tries=5 --timeout=30 --output-document="$work/$2" "$url"
    fi
    # Nothing that was downloaded runs before its hash matched.
    if ! echo "$1  $work/$2" | sha256sum --check --status; then
        say "$2 does not have the sha256 that the install medium names: it is not used"
        exit 1
    fi
}

say "installing InfiniService $INFINISERVICE_VERSION"
fetch "$INFINISERVICE_SHA256" infiniservice
fetch "$INFINISERVICE_SCRIPT_SHA256" install-linux.sh
chmod 0700 "$work/infiniservice" "$work/install-linux.sh"
cd "$work"
./install-linux.sh normal "$INFINIBAY_VM_ID"
: >"$stamp"
rm -f ${INSTALL_SETTINGS}
say "done"
`;

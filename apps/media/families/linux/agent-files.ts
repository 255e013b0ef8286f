import { shWord } from '../../escape.js';
import { REPORT_FUNCTION, type Reporting, reportSettings } from './reporting.js';

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

/** Where the agent's part of an installation works, as the family's document has it. */
export interface InstallPlaces {
  script: string;
  log: string;
  /** Where downloads go; null: a new temporary folder. */
  work: string | null;
  /** Who runs the script, besides the unit. */
  caller: string;
}

/** The documented place of the installation script on Ubuntu. */
export const INSTALL_SCRIPT = '/var/lib/cloud/scripts/per-instance/infiniservice-install.sh';
export const INSTALL_UNIT = 'infiniservice-install.service';
export const INSTALL_SETTINGS = '/etc/infinibay/install.env';
const STAMP = '/var/lib/infinibay/infiniservice-installed';

export const UBUNTU_PLACES: InstallPlaces = {
  script: INSTALL_SCRIPT,
  log: '/var/log/infiniservice_install.log',
  work: null,
  caller: 'cloud-init',
};

/** SELinux lets systemd start what lies in a bin folder (`bin_t`), not what lies in /var/lib. */
export const RPM_PLACES: InstallPlaces = {
  script: '/usr/local/sbin/infiniservice-install',
  log: '/root/infiniservice-install.log',
  work: '/tmp/infiniservice',
  caller: 'the installer',
};

/**
 * The agent's part of an installation, the same for installers and cloud images: it is run once where the family documents it; the unit runs the
 * same script until it has succeeded, also after restarts and without cloud-init. Both share a lock and a stamp.
 * @param leftovers files and folders in which an installer may keep copies of the settings: those that hold a secret are removed in the end
 */
export function agentFiles(
  install: AgentInstall,
  places: InstallPlaces,
  leftovers: readonly string[] = [],
): MachineFile[] {
  return [
    { path: INSTALL_SETTINGS, mode: '0600', content: installSettings(install) },
    { path: places.script, mode: '0700', content: script(install, places, leftovers) },
    { path: `/etc/systemd/system/${INSTALL_UNIT}`, mode: '0644', content: unit(places) },
  ];
}

/** Lines of sh with all that is secret: mode 0600, removed when the agent is installed. */
export function installSettings(install: AgentInstall): string {
  const { vmId, distributionUrl, pins, channelSecret, reporting } = install;
  const lines: [string, string][] = [
    ['INFINIBAY_VM_ID', vmId],
    ['INFINIBAY_URL', distributionUrl],
    ['INFINISERVICE_VERSION', pins.version],
    ['INFINISERVICE_SHA256', pins.binarySha256],
    ['INFINISERVICE_SCRIPT_SHA256', pins.scriptSha256],
    ...(channelSecret === null ? [] : [['INFINISERVICE_SHARED_SECRET', channelSecret] as [string, string]]),
  ];
  return (
    lines.map(([name, value]) => `${name}=${shWord(value)}\n`).join('') +
    (reporting ? reportSettings(reporting) : '')
  );
}

const unit = ({ script }: InstallPlaces): string => `[Unit]
Description=Install InfiniService, the Infinibay guest agent
Documentation=file://${script}
Wants=network-online.target
After=network-online.target
ConditionPathExists=!${STAMP}
StartLimitIntervalSec=0

[Service]
Type=simple
ExecStart=${script}
Restart=on-failure
RestartSec=15

[Install]
WantedBy=multi-user.target
`;

/** `INFINIBAY_IN_INSTALLER` is set where no first boot has happened yet. */
const FIRST_BOOT = `
${REPORT_FUNCTION}
if [ -z "\${INFINIBAY_IN_INSTALLER:-}" ] && [ ! -e "$stamp.first-boot" ] && try_report first-boot; then
    : >"$stamp.first-boot"
fi
`;

/** By the raw values, and by the beginning of the settings in base64, as late commands carry them. */
const removeLeftovers = (
  paths: readonly string[],
): string => `# What an installer leaves behind may hold the secrets of its medium.
{
    base64 -w 0 ${INSTALL_SETTINGS} | cut -c 1-64
    [ -z "\${INFINISERVICE_SHARED_SECRET:-}" ] || echo "$INFINISERVICE_SHARED_SECRET"
    [ -z "\${INFINIBAY_REPORT_TOKEN:-}" ] || echo "$INFINIBAY_REPORT_TOKEN"
} | grep -rlF -f - -- ${paths.map(shWord).join(' ')} 2>/dev/null | while read -r left; do
    rm -f -- "$left"
    say "removed $left, which held a secret of the install medium"
done
`;

const script = (
  { reporting }: AgentInstall,
  { log, work, caller }: InstallPlaces,
  leftovers: readonly string[],
): string => `#!/bin/sh
# Fetches InfiniService, checks it against the hashes that came with the install medium, and installs it.
# ${caller} runs this once; ${INSTALL_UNIT} repeats it until it has succeeded.
set -eu
umask 077
stamp=${STAMP}
log=${log}

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
${reporting ? FIRST_BOOT : ''}
${work === null ? 'work=$(mktemp -d)' : `work=${work}\nrm -rf "$work"\nmkdir -m 0700 "$work"`}
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
${leftovers.length > 0 ? removeLeftovers(leftovers) : ''}: >"$stamp"
${reporting ? 'report agent-installed\n' : ''}rm -f ${INSTALL_SETTINGS}
say "done"
`;

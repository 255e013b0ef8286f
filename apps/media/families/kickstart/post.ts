import type { MediaRequest } from '#protocol';
import {
  type AgentInstall,
  agentFiles,
  INSTALL_SETTINGS,
  INSTALL_UNIT,
  type MachineFile,
} from '../linux/agent-files.js';
import { shWord } from '../../escape.js';
import { INSTALLER_FOLDER, LOAD_REPORT } from './disk.js';
import { DNF } from '../linux/distribution.js';
import { mirrorFile, proxyLine } from '../linux/rpm-settings.js';

/** Seconds that the agent's part may take before the installer goes on without it. */
const AGENT_SECONDS = 600;
/** Copies that Anaconda makes of a kickstart and of its logs. */
const LEFTOVERS = ['/root/anaconda-ks.cfg', '/root/original-ks.cfg', '/var/log/anaconda'] as const;

/** `%pre-install`: disks are mounted, packages come next. */
export const PRE_INSTALL_SCRIPT = `${LOAD_REPORT}
report packages
`;

/**
 * `%onerror`, in the installer's own system: the last lines of its log go along. It runs after a failed `%pre` too, which has told more already.
 */
export const ON_ERROR_SCRIPT = `${LOAD_REPORT}
[ -e ${INSTALLER_FOLDER}/failed ] || report failed 'the installer stopped with an error' /tmp/anaconda.log
`;

/** `%post --nochroot`: the settings, which are secret, go from memory to the installed system without passing through a script's text or log. */
export const HAND_OVER_SCRIPT = `umask 077
root=\${ANA_INSTALL_PATH:-/mnt/sysroot}
[ -d "$root/etc" ] || root=/mnt/sysimage
mkdir -p "$root${INSTALL_SETTINGS.slice(0, INSTALL_SETTINGS.lastIndexOf('/'))}"
cp ${INSTALLER_FOLDER}/install.env "$root${INSTALL_SETTINGS}"
chmod 0600 "$root${INSTALL_SETTINGS}"
`;

/**
 * `%post` in the installed system: rights of users without a password, further SSH keys, the agent. Nothing in it ends the installation: what the
 * agent's part does not finish here, its unit does after the start.
 */
export function postScript(request: MediaRequest, install: AgentInstall): string {
  const places = DNF.places;
  const files = [
    ...agentFiles(install, places, LEFTOVERS).filter(({ path }) => path !== INSTALL_SETTINGS),
    ...mirrorFile(request),
    ...sudoersFile(request),
  ];
  const { log, script } = places;
  return `exec >>${log} 2>&1
echo "the installer's last phase begins"
put() { # mode path: standard input becomes the file
    mkdir -p "\${2%/*}"
    cat >"$2"
    chmod "$1" "$2"
    if command -v restorecon >/dev/null 2>&1; then restorecon -F "$2" || true; fi
}
${files.map(putFile).join('')}${moreKeys(request)}${proxyCommand(request)}${LOAD_REPORT}
systemctl enable ${INSTALL_UNIT} || true
if [ -e ${INSTALL_SETTINGS} ]; then
    INFINIBAY_IN_INSTALLER=yes timeout ${AGENT_SECONDS} ${script} ||
        report packages "the agent is not installed yet: ${INSTALL_UNIT} goes on after the start" ${log}
fi
if command -v restorecon >/dev/null 2>&1; then restorecon -RF /etc/infinibay /var/lib/infinibay ${log} || true; fi
# Anaconda leaves this script there.
rm -f /tmp/ks-script-*
exit 0
`;
}

const END = 'END_OF_INFINIBAY_FILE';

/** As it is, so that a reader of the kickstart sees what is installed. @throws Error for a line that a kickstart or the shell takes for an end */
function putFile({ path, mode, content }: MachineFile): string {
  if (content.split('\n').some((line) => line.startsWith('%') || line === END))
    throw new Error(`${path}: a kickstart cannot carry a line that begins with %`);
  return `put ${mode} ${shWord(path)} <<'${END}'\n${content}${END}\n`;
}

/** Without a password there is none to type. */
function sudoersFile({ users }: MediaRequest): MachineFile[] {
  const names = users.filter(({ admin, passwordHash }) => admin && passwordHash === undefined);
  if (names.length === 0) return [];
  return [
    {
      path: '/etc/sudoers.d/90-infinibay',
      mode: '0440',
      content: names.map(({ name }) => `${name} ALL=(ALL) NOPASSWD: ALL\n`).join(''),
    },
  ];
}

/** The first key of a user is a `sshkey` line; pykickstart warns of a second one, and its validator refuses it. */
function moreKeys({ users }: MediaRequest): string {
  return users
    .flatMap(({ name, sshKeys }) => sshKeys.slice(1).map((key) => [name, key] as const))
    .map(
      ([name, key]) =>
        `printf '%s\\n' ${shWord(key)} >>"$(getent passwd ${name} | cut -d: -f6)/.ssh/authorized_keys" || true\n`,
    )
    .join('');
}

const proxyCommand = ({ proxy }: MediaRequest): string =>
  proxy === undefined ? '' : `printf '%s\\n' ${shWord(proxyLine(proxy))} >>/etc/dnf/dnf.conf || true\n`;

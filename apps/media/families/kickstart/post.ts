import { posix } from 'node:path';
import type { MediaRequest } from '#protocol';
import { readScript, renderScript, type ScriptValues } from '#script-files';
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

/** Copies that Anaconda makes of a kickstart and of its logs. */
const LEFTOVERS = ['/root/anaconda-ks.cfg', '/root/original-ks.cfg', '/var/log/anaconda'] as const;

const section = (file: string, values: ScriptValues): string =>
  renderScript(readScript(import.meta.dirname, `scripts/${file}`), values);

/** `%pre-install`. */
export const PRE_INSTALL_SCRIPT = section('pre-install.sh', { LOAD_REPORT });

/** `%onerror`, in the installer's own system. */
export const ON_ERROR_SCRIPT = section('on-error.sh', { FOLDER: INSTALLER_FOLDER, LOAD_REPORT });

/** `%post --nochroot`. */
export const HAND_OVER_SCRIPT = section('hand-over.sh', {
  FOLDER: INSTALLER_FOLDER,
  SETTINGS: INSTALL_SETTINGS,
  SETTINGS_FOLDER: posix.dirname(INSTALL_SETTINGS),
});

const POST = readScript(import.meta.dirname, 'scripts/post.sh');

/**
 * `%post` in the installed system: the files of the machine, further SSH keys, the agent; see
 * `scripts/post.sh`.
 */
export function postScript(request: MediaRequest, install: AgentInstall): string {
  const places = DNF.places;
  const files = [
    ...agentFiles(install, places, LEFTOVERS).filter(({ path }) => path !== INSTALL_SETTINGS),
    ...mirrorFile(request),
    ...sudoersFile(request),
  ];
  return renderScript(POST, {
    INSTALL_SCRIPT: places.script,
    LOAD_REPORT,
    LOG: places.log,
    MACHINE_FILES: files.map(putFile).join('') + moreKeys(request) + proxyCommand(request),
    SETTINGS: INSTALL_SETTINGS,
    UNIT: INSTALL_UNIT,
  });
}

const END = 'END_OF_INFINIBAY_FILE';

/**
 * As it is, so that a reader of the kickstart sees what is installed. @throws Error for a line that a
 * kickstart or the shell takes for an end
 */
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

/**
 * The first key of a user is a `sshkey` line; pykickstart warns of a second one, and its validator refuses
 * it.
 */
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

import { posix } from 'node:path';
import type { MediaRequest } from '#protocol';
import {
  type AgentInstall,
  agentFiles,
  INSTALL_SETTINGS,
  INSTALL_UNIT,
  type MachineFile,
} from '../linux/agent-files.js';
import { diskMarkScript } from '../linux/disk-rule.js';
import { DNF } from '../linux/distribution.js';
import { putFile } from '../linux/installer-scripts.js';
import { mirrorFile, proxyLine } from '../linux/rpm-settings.js';
import { shWord } from '../../escape.js';
import { wantsDesktop } from './packages.js';
import { INSTALLER_FOLDER, LOAD_REPORT, POWER_OFF, section } from './places.js';

/** Copies that Anaconda makes of a kickstart and of its logs. */
const LEFTOVERS = ['/root/anaconda-ks.cfg', '/root/original-ks.cfg', '/var/log/anaconda'] as const;

/** `%pre-install`. */
export const preInstallScript = ({ mediumId }: AgentInstall): string =>
  section('pre-install.sh', {
    DISK_MARK: diskMarkScript(mediumId),
    FOLDER: INSTALLER_FOLDER,
    LOAD_REPORT,
  });

/** `%onerror`, in the installer's own system. */
export const ON_ERROR_SCRIPT = section('on-error.sh', { FOLDER: INSTALLER_FOLDER, LOAD_REPORT, POWER_OFF });

/** The first `%post --nochroot`. */
export const HAND_OVER_SCRIPT = section('hand-over.sh', {
  FOLDER: INSTALLER_FOLDER,
  SETTINGS: INSTALL_SETTINGS,
  SETTINGS_FOLDER: posix.dirname(INSTALL_SETTINGS),
});

/** The last `%post --nochroot`. */
export const finishScript = ({ mediumId }: AgentInstall): string =>
  section('finish.sh', { DISK_MARK: diskMarkScript(mediumId), FOLDER: INSTALLER_FOLDER });

/**
 * `%post` in the installed system: the files of the machine, further SSH keys, what is missing, the agent;
 * see `scripts/post.sh`.
 */
export function postScript(request: MediaRequest, install: AgentInstall): string {
  const { packages, users } = request;
  const places = DNF.places;
  const files = [...agentFiles(install, places, LEFTOVERS), ...mirrorFile(request), ...sudoersFile(request)];
  const keys = moreKeys(request);
  const named = packages.filter((name) => !name.startsWith('@'));
  return section('post.sh', {
    DESKTOP: wantsDesktop(request),
    INSTALL_SCRIPT: places.script,
    KEYS: users.flatMap(({ name, sshKeys }) => sshKeys.map((key) => `${name} ${key}\n`)).join(''),
    LOAD_REPORT,
    LOG: places.log,
    MACHINE_FILES: files.map(kickstartFile).join('') + keys + proxyCommand(request),
    MORE_KEYS: keys !== '',
    PACKAGES: named.length > 0 ? named.map(shWord).join(' ') : null,
    SETTINGS: INSTALL_SETTINGS,
    UNIT: INSTALL_UNIT,
    USERS: users.length > 0 ? users.map(({ name }) => name).join(' ') : null,
  });
}

/**
 * @throws Error for a line that a kickstart takes for the end of its section
 */
function kickstartFile(file: MachineFile): string {
  if (/^%/m.test(file.content))
    throw new Error(`${file.path}: a kickstart cannot carry a line that begins with %`);
  return putFile(file);
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
const moreKeys = ({ users }: MediaRequest): string =>
  users
    .flatMap(({ name, sshKeys }) => sshKeys.slice(1).map((key) => `add_key ${name} ${shWord(key)}\n`))
    .join('');

const proxyCommand = ({ proxy }: MediaRequest): string =>
  proxy === undefined ? '' : `printf '%s\\n' ${shWord(proxyLine(proxy))} >>/etc/dnf/dnf.conf || true\n`;

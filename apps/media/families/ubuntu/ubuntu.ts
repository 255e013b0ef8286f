import type { MediaRequest } from '#protocol';
import { type AgentInstall, agentFiles, INSTALL_UNIT, type MachineFile } from '../linux/agent-files.js';
import type { SeedFile } from '../seed-file.js';
import { cloudYaml, glibcLocale, identity, metaData } from '../linux/cloud-config.js';
import { shWord } from '../../escape.js';
import { APT, keyboard } from '../linux/distribution.js';
import { netplan } from '../linux/network-config.js';
import { subiquityReporting } from '../linux/reporting.js';
import { earlyCommands, errorCommands, storage } from './disk.js';

/** Subiquity copies its logs and answers to the installed system, with the text of every command in them. */
export const UBUNTU_LEFTOVERS = ['/var/log/installer'] as const;

/**
 * The files of an installation's seed. `instanceId` must be new for each medium: cloud-init works anew when
 * it changes.
 */
export function ubuntuSeed(request: MediaRequest, install: AgentInstall, instanceId: string): SeedFile[] {
  return [
    {
      name: 'user-data',
      content: `#cloud-config\n${cloudYaml({ autoinstall: autoinstall(request, install) })}`,
    },
    metaData(request, instanceId),
  ];
}

/**
 * Subiquity's answers. Source of the keys: "Autoinstall configuration reference manual" of the Subiquity
 * project.
 */
function autoinstall(request: MediaRequest, install: AgentInstall): Record<string, unknown> {
  const network = netplan(request);
  const { reporting } = install;
  const onError = errorCommands(reporting);
  return {
    version: 1,
    ...(reporting ? { reporting: subiquityReporting(reporting) } : {}),
    'early-commands': earlyCommands(request, reporting),
    ...(onError.length > 0 ? { 'error-commands': onError } : {}),
    locale: glibcLocale(request.locale),
    keyboard: keyboard(request),
    timezone: request.timezone,
    ...(network ? { network: network } : {}),
    ...(request.proxy ? { proxy: request.proxy } : {}),
    apt: {
      // A machine without a network path to the archive still installs, from the medium.
      fallback: 'offline-install',
      ...(request.mirror ? { 'mirror-selection': { primary: [{ uri: request.mirror }] } } : {}),
    },
    storage: storage(request),
    ssh: {
      'install-server': true,
      'allow-pw': request.users.some(({ passwordHash }) => passwordHash !== undefined),
    },
    packages: [...new Set(['curl', 'wget', ...request.packages])],
    'user-data': identity(request, APT.adminGroup),
    'late-commands': lateCommands(agentFiles(install, APT.places, UBUNTU_LEFTOVERS)),
    shutdown: 'reboot',
  };
}

/** The agent's files go below /target; its part never aborts the installation. */
function lateCommands(files: MachineFile[]): string[] {
  const put = files.map(({ path, mode, content }) => {
    const target = `/target${path}`;
    const folder = target.slice(0, target.lastIndexOf('/'));
    const encoded = Buffer.from(content).toString('base64');
    return `(umask 077 && mkdir -p ${shWord(folder)} && echo ${encoded} | base64 -d >${shWord(target)} && chmod ${mode} ${shWord(target)}) || true`;
  });
  return [...put, `curtin in-target --target=/target -- systemctl enable ${INSTALL_UNIT} || true`];
}

import type { MediaRequest } from '#protocol';
import type { AgentInstall } from '../linux/agent-files.js';
import type { SeedFile } from '../seed-file.js';
import { cloudYaml, glibcLocale, identity, metaData } from '../linux/cloud-config.js';
import { APT, keyboard } from '../linux/distribution.js';
import { netplan } from '../linux/network-config.js';
import { earlyCommands, errorCommands, lateCommands } from './commands.js';
import { storage } from './disk.js';

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
  return {
    version: 1,
    'early-commands': earlyCommands(request, install),
    'error-commands': errorCommands(install),
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
    // One that cannot be had ends an installation after its disk was written.
    ...(request.network === 'none' ? {} : { packages: [...new Set(['curl', 'wget', ...request.packages])] }),
    'user-data': identity(request, APT.adminGroup),
    'late-commands': lateCommands(install),
    shutdown: 'reboot',
  };
}

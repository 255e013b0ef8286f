import type { MediaRequest } from '#protocol';
import { shWord } from '../../escape.js';
import { type InstallPlaces, type MachineFile, RPM_PLACES, UBUNTU_PLACES } from './agent-files.js';
import { netplan, renamedNetwork } from './network-config.js';
import { languagePack, mirrorFile, proxyLine } from './rpm-settings.js';

/** What differs between Linux systems, whether an installer or cloud-init sets them up. */
export interface Distribution {
  /** Where the agent's part of an installation works. */
  places: InstallPlaces;
  /** Its members may do everything. */
  adminGroup: 'sudo' | 'wheel';
  /**
   * cloud-init's network-config, as its renderer for this system takes it; null when nothing was asked for.
   */
  network(request: MediaRequest): Record<string, unknown> | null;
  /** Files beyond the agent's own. */
  files(request: MediaRequest): MachineFile[];
  /** Packages beyond those of the request. */
  packages(request: MediaRequest): string[];
  /** Mirror and proxy, as cloud-config. */
  packageSettings(request: MediaRequest): Record<string, unknown>;
}

export const APT: Distribution = {
  places: UBUNTU_PLACES,
  adminGroup: 'sudo',
  network: netplan,
  files: () => [],
  packages: () => [],
  packageSettings: aptSettings,
};

export const DNF: Distribution = {
  places: RPM_PLACES,
  adminGroup: 'wheel',
  network: renamedNetwork,
  files: mirrorFile,
  packages: languagePack,
  packageSettings: dnfSettings,
};

function aptSettings({ mirror, proxy }: MediaRequest): Record<string, unknown> {
  if (!mirror && !proxy) return {};
  return {
    apt: {
      ...(mirror ? { primary: [{ arches: ['default'], uri: mirror }] } : {}),
      ...(proxy ? { proxy } : {}),
    },
  };
}

/** The mirror is a file; the proxy must be there before packages are fetched, and once only. */
function dnfSettings(request: MediaRequest): Record<string, unknown> {
  if (request.proxy === undefined) return {};
  const append = `printf '%s\\n' ${shWord(proxyLine(request.proxy))} >>/etc/dnf/dnf.conf`;
  return { bootcmd: [['cloud-init-per', 'instance', 'infinibay-proxy', 'sh', '-c', append]] };
}

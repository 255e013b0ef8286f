import { interfacesOf, type MediaRequest } from '#protocol';
import { readScript, renderScript } from '#script-files';
import { shWord } from '../../escape.js';
import { type InstallPlaces, type MachineFile, RPM_PLACES, UBUNTU_PLACES } from './agent-files.js';
import { APT_LOCK_FILE } from './apt-settings.js';
import { vconsoleFile } from './console-keymap.js';
import { isIpv6Only, netplan, translatedNetwork } from './network-config.js';
import { languagePack, mirrorFile, proxyLine } from './rpm-settings.js';

/** What differs between Linux systems, whether an installer or cloud-init sets them up. */
export interface Distribution {
  /** Where the agent's part of an installation works. */
  places: InstallPlaces;
  /** Its members may do everything. */
  adminGroup: 'sudo' | 'wheel';
  packageManager: 'apt' | 'dnf';
  /**
   * cloud-init's network-config, as its renderer for this system takes it; null when nothing was asked for.
   */
  network(request: MediaRequest): Record<string, unknown> | null;
  /** Files of a cloud image beyond the agent's own. */
  files(request: MediaRequest): MachineFile[];
  /** Packages that the request's language asks for. */
  languagePacks(request: MediaRequest): string[];
  /** Keyboard, mirror and proxy, as far as cloud-config has modules for them. */
  settings(request: MediaRequest): Record<string, unknown>;
  /** What a cloud image runs before its units are started. */
  commands(request: MediaRequest): string[][];
}

const IPV6_ONLY = readScript(import.meta.dirname, 'scripts/ipv6-only.sh');
const DNF_SETTINGS = readScript(import.meta.dirname, 'scripts/dnf-settings.sh');

export const APT: Distribution = {
  places: UBUNTU_PLACES,
  adminGroup: 'sudo',
  packageManager: 'apt',
  network: netplan,
  files: () => [APT_LOCK_FILE],
  languagePacks: () => [],
  settings: (request) => ({ keyboard: keyboard(request), ...aptSettings(request) }),
  commands: () => [],
};

export const DNF: Distribution = {
  places: RPM_PLACES,
  adminGroup: 'wheel',
  packageManager: 'dnf',
  network: translatedNetwork,
  files: (request) => [...mirrorFile(request), ...vconsoleFile(request)],
  languagePacks: languagePack,
  settings: dnfSettings,
  commands: (request) => [
    ...(interfacesOf(request).some(isIpv6Only) ? [['sh', '-c', IPV6_ONLY]] : []),
    ...(vconsoleFile(request).length > 0
      ? [['systemctl', '--no-block', 'try-restart', 'systemd-vconsole-setup.service']]
      : []),
  ],
};

/** For cloud-init's module, which Debian's kin alone have, and for Subiquity. */
export function keyboard({ keyboard: { layout, variant } }: MediaRequest): Record<string, string> {
  return { layout, ...(variant ? { variant } : {}) };
}

function aptSettings({ mirror, proxy }: MediaRequest): Record<string, unknown> {
  if (!mirror && !proxy) return {};
  return {
    apt: {
      ...(mirror ? { primary: [{ arches: ['default'], uri: mirror }] } : {}),
      ...(proxy ? { proxy } : {}),
    },
  };
}

/** Proxy and sources must be set before packages are fetched, and once only; the mirror itself is a file. */
function dnfSettings({ mirror, proxy }: MediaRequest): Record<string, unknown> {
  if (mirror === undefined && proxy === undefined) return {};
  const script = renderScript(DNF_SETTINGS, {
    MIRROR: mirror !== undefined,
    PROXY: proxy === undefined ? null : shWord(proxyLine(proxy)),
  });
  return { bootcmd: [['cloud-init-per', 'instance', 'infinibay-dnf', 'sh', '-c', script]] };
}

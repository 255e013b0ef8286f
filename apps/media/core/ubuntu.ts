import type { MediaRequest } from '#protocol';
import { stringify } from 'yaml';
import { type AgentInstall, agentFiles, INSTALL_UNIT, type MachineFile } from './agent-files.js';
import type { SeedFile } from './answer.js';
import { shWord } from './escape.js';

/** Long-term releases with Subiquity, and the interim ones between them. */
export const UBUNTU_VERSIONS = ['20.04', '22.04', '24.04', '24.10', '25.04', '25.10', '26.04'] as const;

/** The files of the seed. `instanceId` must be new for each medium: cloud-init works anew when it changes. */
export function ubuntuSeed(request: MediaRequest, install: AgentInstall, instanceId: string): SeedFile[] {
  const userData =
    request.source === 'installer'
      ? { autoinstall: autoinstall(request, install) }
      : cloudConfig(request, agentFiles(install));
  const network = netplan(request);
  return [
    { name: 'user-data', content: `#cloud-config\n${yaml(userData)}` },
    { name: 'meta-data', content: yaml({ 'instance-id': instanceId, 'local-hostname': request.hostname }) },
    // An installer takes its network from autoinstall; a cloud image from the seed.
    ...(network && request.source === 'cloud-image'
      ? [{ name: 'network-config', content: yaml(network) }]
      : []),
  ];
}

/** Plain scalars only where they cannot be taken for another type; no line folding, so that long keys stay whole. */
const yaml = (value: unknown): string =>
  stringify(value, {
    lineWidth: 0,
    defaultStringType: 'QUOTE_DOUBLE',
    defaultKeyType: 'PLAIN',
    aliasDuplicateObjects: false,
  });

/** cloud-init's user-data for the installed or cloned system. */
function cloudConfig(request: MediaRequest, files: MachineFile[]): Record<string, unknown> {
  return {
    ...identity(request),
    locale: glibcLocale(request.locale),
    timezone: request.timezone,
    keyboard: keyboard(request),
    ...aptSettings(request),
    ...(request.packages.length > 0 ? { package_update: true, packages: request.packages } : {}),
    write_files: files.map(({ path, mode, content }) => ({
      path,
      permissions: mode,
      owner: 'root:root',
      content,
    })),
    // --no-block: cloud-init itself runs the script a moment later, and the unit waits for the same lock.
    runcmd: [
      ['systemctl', 'daemon-reload'],
      ['systemctl', 'enable', INSTALL_UNIT],
      ['systemctl', 'start', '--no-block', INSTALL_UNIT],
    ],
  };
}

function identity(request: MediaRequest): Record<string, unknown> {
  return {
    hostname: request.hostname,
    preserve_hostname: false,
    disable_root: true,
    ssh_pwauth: request.users.some(({ passwordHash }) => passwordHash !== undefined),
    users: request.users.map(({ name, passwordHash, sshKeys, admin }) => ({
      name,
      shell: '/bin/bash',
      lock_passwd: passwordHash === undefined,
      ...(passwordHash === undefined ? {} : { passwd: passwordHash }),
      ...(sshKeys.length > 0 ? { ssh_authorized_keys: sshKeys } : {}),
      // Without a password there is none to type.
      ...(admin
        ? {
            groups: ['sudo'],
            sudo: passwordHash === undefined ? 'ALL=(ALL) NOPASSWD:ALL' : 'ALL=(ALL:ALL) ALL',
          }
        : {}),
    })),
  };
}

/** Subiquity's answers. Source of the keys: "Autoinstall configuration reference manual" of the Subiquity project. */
function autoinstall(request: MediaRequest, install: AgentInstall): Record<string, unknown> {
  const network = netplan(request);
  return {
    version: 1,
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
    'user-data': identity(request),
    'late-commands': lateCommands(agentFiles(install)),
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

function storage({ disk }: MediaRequest): Record<string, unknown> {
  const match = disk.match && 'serial' in disk.match ? { match: { serial: disk.match.serial } } : {};
  return { layout: { name: disk.layout === 'lvm' ? 'lvm' : 'direct', ...match } };
}

function keyboard({ keyboard: { layout, variant } }: MediaRequest): Record<string, string> {
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

/** Netplan version 2, or null when nothing was asked for: both cloud-init and Subiquity then use DHCP on what they find. */
export function netplan(request: MediaRequest): Record<string, unknown> | null {
  if (request.network.length === 0) return null;
  const ethernets = request.network.map(
    ({ match, dhcp, addresses, gateway, dns }, index): [string, unknown] => [
      `nic${index}`,
      {
        match: 'mac' in match ? { macaddress: match.mac } : { name: match.name },
        dhcp4: dhcp,
        ...(addresses.length > 0 ? { addresses } : {}),
        ...(gateway ? { routes: [{ to: 'default', via: gateway }] } : {}),
        ...(dns.length > 0 ? { nameservers: { addresses: dns } } : {}),
      },
    ],
  );
  return { version: 2, ethernets: Object.fromEntries(ethernets) };
}

/** `pt-BR` is `pt_BR.UTF-8` to glibc. */
function glibcLocale(locale: string): string {
  return `${locale.replace('-', '_')}.UTF-8`;
}

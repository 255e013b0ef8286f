import type { MediaRequest } from '#protocol';
import { stringify } from 'yaml';
import { type AgentInstall, agentFiles, INSTALL_UNIT, type MachineFile } from './agent-files.js';
import type { Distribution } from './distribution.js';
import type { SeedFile } from '../seed-file.js';

/**
 * The NoCloud seed of a ready image of any Linux family: it puts the same files and unit on the machine as an
 * installer's last phase does.
 * @param instanceId must be new for each medium: cloud-init works anew when it changes
 */
export function cloudSeed(
  request: MediaRequest,
  install: AgentInstall,
  { instanceId, distribution }: { instanceId: string; distribution: Distribution },
): SeedFile[] {
  const network = distribution.network(request);
  const files = [...agentFiles(install, distribution.places), ...distribution.files(request)];
  const config = cloudConfig(request, files, distribution);
  return [
    { name: 'user-data', content: `#cloud-config\n${cloudYaml(config)}` },
    metaData(request, instanceId),
    ...(network ? [{ name: 'network-config', content: cloudYaml(network) }] : []),
  ];
}

/** Whether the machine installs packages after its start: the agent then says that its setup still runs. */
export const installsPackages = (request: MediaRequest, distribution: Distribution): boolean =>
  packagesOf(request, distribution).length > 0;

const packagesOf = (request: MediaRequest, distribution: Distribution): string[] => [
  ...distribution.packages(request),
  ...request.packages,
];

export function metaData({ hostname }: MediaRequest, instanceId: string): SeedFile {
  return { name: 'meta-data', content: cloudYaml({ 'instance-id': instanceId, 'local-hostname': hostname }) };
}

/**
 * Plain scalars only where they cannot be taken for another type; no line folding, so that long keys stay
 * whole.
 */
export const cloudYaml = (value: unknown): string =>
  stringify(value, {
    lineWidth: 0,
    defaultStringType: 'QUOTE_DOUBLE',
    defaultKeyType: 'PLAIN',
    aliasDuplicateObjects: false,
  });

/** cloud-init's user-data for the cloned system. */
function cloudConfig(
  request: MediaRequest,
  files: MachineFile[],
  distribution: Distribution,
): Record<string, unknown> {
  const packages = packagesOf(request, distribution);
  return {
    ...identity(request, distribution.adminGroup),
    locale: glibcLocale(request.locale),
    timezone: request.timezone,
    keyboard: keyboard(request),
    ...distribution.packageSettings(request),
    ...(packages.length > 0 ? { package_update: true, packages } : {}),
    write_files: files.map(({ path, mode, content }) => ({
      path,
      permissions: mode,
      owner: 'root:root',
      content,
    })),
    // --no-block: where cloud-init itself runs the script a moment later, the unit waits for the same lock.
    runcmd: [
      ['systemctl', 'daemon-reload'],
      ['systemctl', 'enable', INSTALL_UNIT],
      ['systemctl', 'start', '--no-block', INSTALL_UNIT],
    ],
  };
}

/** Host name and users, for a cloud image and for what an installer hands to cloud-init. */
export function identity(request: MediaRequest, group: string): Record<string, unknown> {
  return {
    hostname: request.hostname,
    preserve_hostname: false,
    disable_root: true,
    ssh_pwauth: request.users.some(({ passwordHash }) => passwordHash !== undefined),
    users: request.users.length === 0 ? [NOBODY] : request.users.map((user) => cloudUser(user, group)),
  };
}

/**
 * Without a `users` list the image's default user comes into being, and an empty one is refused by
 * cloud-init's schema, which Subiquity makes an error of: so the list names root, who is there already and
 * stays locked.
 */
const NOBODY = { name: 'root', lock_passwd: true };

function cloudUser(
  { name, passwordHash, sshKeys, admin }: MediaRequest['users'][number],
  group: string,
): Record<string, unknown> {
  return {
    name,
    shell: '/bin/bash',
    lock_passwd: passwordHash === undefined,
    ...(passwordHash === undefined ? {} : { passwd: passwordHash }),
    ...(sshKeys.length > 0 ? { ssh_authorized_keys: sshKeys } : {}),
    // Without a password there is none to type.
    ...(admin
      ? {
          groups: [group],
          sudo: passwordHash === undefined ? 'ALL=(ALL) NOPASSWD:ALL' : 'ALL=(ALL:ALL) ALL',
        }
      : {}),
  };
}

export function keyboard({ keyboard: { layout, variant } }: MediaRequest): Record<string, string> {
  return { layout, ...(variant ? { variant } : {}) };
}

/** `pt-BR` is `pt_BR.UTF-8` to glibc. */
export function glibcLocale(locale: string): string {
  return `${locale.replace('-', '_')}.UTF-8`;
}

import type { MediaRequest } from '#protocol';
import { stringify } from 'yaml';
import { type AgentInstall, agentFiles, INSTALL_UNIT, type MachineFile } from './agent-files.js';
import type { Distribution } from './distribution.js';
import { NO_NETWORK } from './network-config.js';
import { installsPackages, packageFiles, PACKAGES_UNIT } from './packages.js';
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
  const network = request.network === 'none' ? NO_NETWORK : distribution.network(request);
  const files = [
    ...agentFiles(install, distribution.places),
    ...distribution.files(request),
    ...packageFiles(request, install, distribution),
  ];
  const config = cloudConfig(request, files, distribution);
  return [
    { name: 'user-data', content: `#cloud-config\n${cloudYaml(config)}` },
    metaData(request, instanceId),
    ...(network ? [{ name: 'network-config', content: cloudYaml(network) }] : []),
  ];
}

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
  const units = [INSTALL_UNIT, ...(installsPackages(request, distribution) ? [PACKAGES_UNIT] : [])];
  return {
    ...identity(request, distribution.adminGroup),
    locale: glibcLocale(request.locale),
    timezone: request.timezone,
    ...distribution.settings(request),
    write_files: files.map(({ path, mode, content }) => ({
      path,
      permissions: mode,
      owner: 'root:root',
      content,
    })),
    runcmd: [
      ...distribution.commands(request),
      ['systemctl', 'daemon-reload'],
      ['systemctl', 'enable', ...units],
      // --no-block: cloud-init's own end waits for neither, and the agent for no package.
      ...units.map((unit) => ['systemctl', 'start', '--no-block', unit]),
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

/** `pt-BR` is `pt_BR.UTF-8` to glibc. */
export function glibcLocale(locale: string): string {
  return `${locale.replace('-', '_')}.UTF-8`;
}

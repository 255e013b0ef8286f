import type { Platform } from '../api/fields.js';
import type { Fault } from '../fault.js';
import { cloudImageWarnings } from './cloud-images.js';
import { isSystemName } from './system-users.js';
import type { MediaRequest } from './request-fields.js';

/** NetBIOS name: Windows setup refuses longer ones, and names of digits alone. */
const COMPUTER_NAME_MAX = 15;
/** SAM account name of a user (Microsoft, "User name formats"). */
const WINDOWS_USER_MAX = 20;
const WINDOWS_USER_FORBIDDEN = /["/\\[\]:;|=,+*?<>@%]/;
const WINDOWS_OWN_USERS = new Set(
  'administrator guest defaultaccount wdagutilityaccount system localservice networkservice none'.split(' '),
);

/** A request in which any field may be missing or of another type: its own fault is told elsewhere. */
export type Unchecked = { [K in keyof MediaRequest]?: unknown };

/** What the rules read, with whatever is no such thing left out. */
function readable(request: Unchecked) {
  const record = (value: unknown): Record<string, unknown> =>
    typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  return {
    ...request,
    family: record(request.os)['family'],
    hostname: typeof request.hostname === 'string' ? request.hostname : '',
    layout: record(request.disk)['layout'],
    users: (Array.isArray(request.users) ? request.users : []).map((user) => {
      const { name, passwordHash, passwordSealed, sshKeys } = record(user);
      return {
        name: typeof name === 'string' ? name : '',
        passwordHash,
        passwordSealed,
        sshKeys: Array.isArray(sshKeys) ? (sshKeys as unknown[]) : [],
      };
    }),
  };
}
type Readable = ReturnType<typeof readable>;

/**
 * What the suite must know of a family where nothing can be rendered: on the command line and in every app.
 */
export interface FamilyRules {
  /** As its vendor writes it. */
  title: string;
  /** What its scripts and the agent's binary are made for. */
  platform: Platform;
  /** Whether its answer file carries a crypt hash, or needs the password itself: that one is kept sealed. */
  passwords: 'hashed' | 'sealed';
  /** Whether a net installer finds packages without a mirror of the request's own. */
  hasPublicMirror: boolean;
  /** What one field means for another: rules of its own for names and passwords. */
  fieldFaults(fields: Readable): Fault[];
  /** What an operator should know of it although the machine installs. */
  warnings(request: MediaRequest): Fault[];
  /** Whether its systems are registered with their vendor. */
  hasSubscription: boolean;
}

/** What a package may be called. */
const PACKAGE_NAMES = {
  // Debian Policy, 5.6.7.
  deb: { name: 'a Debian package', pattern: /^[a-z0-9][a-z0-9+.-]*$/ },
  // dnf's groups and environments of groups begin with @.
  rpm: { name: 'an RPM package, @group or @^environment', pattern: /^(@\^?)?[A-Za-z0-9][A-Za-z0-9+._-]*$/ },
} as const;
type PackageNames = (typeof PACKAGE_NAMES)[keyof typeof PACKAGE_NAMES];

function packageFaults({ packages }: Readable, { name, pattern }: PackageNames): Fault[] {
  return (Array.isArray(packages) ? (packages as unknown[]) : []).flatMap((one, index) =>
    typeof one !== 'string' || pattern.test(one)
      ? []
      : [
          {
            path: `packages.${index}`,
            message: `must be the name of ${name}`,
            remedy: 'write it as the package manager lists it',
          },
        ],
  );
}

const linux = (title: string, format: keyof typeof PACKAGE_NAMES = 'rpm'): FamilyRules => ({
  title,
  platform: 'linux',
  passwords: 'hashed',
  hasPublicMirror: true,
  hasSubscription: false,
  fieldFaults: (fields) => [...linuxFaults(fields), ...packageFaults(fields, PACKAGE_NAMES[format])],
  warnings: cloudImageWarnings,
});

export const FAMILY_RULES: Readonly<Record<MediaRequest['os']['family'], FamilyRules>> = {
  windows: {
    title: 'Windows',
    platform: 'windows',
    passwords: 'sealed',
    hasPublicMirror: true,
    hasSubscription: false,
    fieldFaults: windowsFaults,
    warnings: driverWarnings,
  },
  ubuntu: {
    ...linux('Ubuntu', 'deb'),
    warnings: (request) => [...cloudImageWarnings(request), ...offlineWarnings(request)],
  },
  fedora: linux('Fedora'),
  rhel: {
    ...linux('RHEL'),
    hasPublicMirror: false,
    hasSubscription: true,
    warnings: (request) => [...cloudImageWarnings(request), ...subscriptionWarnings(request)],
  },
  rocky: linux('Rocky Linux'),
  alma: linux('AlmaLinux'),
};

function subscriptionWarnings({ rhsm, mirror, source }: MediaRequest): Fault[] {
  if (rhsm !== undefined || mirror !== undefined) return [];
  return [
    {
      path: 'rhsm',
      message: 'is not given: the system is not registered, and has no repository afterwards',
      remedy:
        source === 'cloud-image'
          ? 'register it by a first-boot script, or give mirror'
          : 'give organization and activationKeys, or register it later',
    },
  ];
}

function driverWarnings({ virtioDrivers }: MediaRequest): Fault[] {
  if (virtioDrivers !== undefined) return [];
  return [
    {
      path: 'virtioDrivers',
      message:
        'is not given: Windows has no virtio drivers of its own, so that its disk is on SATA and its card an e1000e; the agent has no channel until vioserial is installed',
      remedy: 'give the path of a virtio-win ISO',
    },
  ];
}

/** Subiquity ends an installation when a package cannot be had, after the disk was written. */
const offlineWarnings = ({ source, network, packages }: MediaRequest): Fault[] =>
  source === 'installer' && network === 'none' && packages.length > 0
    ? [
        {
          path: 'packages',
          message: 'are not installed: the installer has no network to fetch them',
          remedy: 'give the machine a card, or install them later by other means',
          value: packages.join(' '),
        },
      ]
    : [];

const subscriptionFaults = ({ rhsm }: Readable, { hasSubscription }: FamilyRules): Fault[] =>
  rhsm === undefined || hasSubscription
    ? []
    : [{ path: 'rhsm', message: 'is for RHEL', remedy: 'leave it out' }];

/** Two cards with one address are none to any network. */
function cardFaults(network: unknown): Fault[] {
  const macs = (Array.isArray(network) ? (network as unknown[]) : []).map((one) => {
    const { match } = (one ?? {}) as { match?: unknown };
    const { mac } = (match ?? {}) as { mac?: unknown };
    return typeof mac === 'string' ? mac.toLowerCase() : null;
  });
  return macs.flatMap((mac, index) =>
    mac === null || macs.indexOf(mac) === index
      ? []
      : [
          {
            path: `network.${index}.match.mac`,
            message: `is the address of network.${macs.indexOf(mac)} too`,
            remedy: 'give each card its own',
            value: mac,
          },
        ],
  );
}

/** A family that is not known has the rules of most: its name is told as a fault of its own. */
export function checkFamilyRules(request: Unchecked): Fault[] {
  const fields = readable(request);
  if (typeof fields.family !== 'string') return [];
  const known: ReadonlyMap<string, FamilyRules> = new Map(Object.entries(FAMILY_RULES));
  const rules = known.get(fields.family) ?? FAMILY_RULES.ubuntu;
  return [...cardFaults(request.network), ...subscriptionFaults(fields, rules), ...rules.fieldFaults(fields)];
}

function linuxFaults({ users, windows, productKey, virtioDrivers }: Readable): Fault[] {
  const faults: Fault[] = [];
  users.forEach(({ name, passwordSealed }, index) => {
    const path = `users.${index}.name`;
    if (name !== '' && !/^[a-z_][a-z0-9_-]{0,31}$/.test(name))
      faults.push({
        path,
        message: 'must be a Linux user name',
        remedy: 'use lower-case letters, digits, _ and -, beginning with a letter',
      });
    else if (isSystemName(name))
      faults.push({
        path,
        message: 'is a name that the system itself uses',
        remedy: 'choose another, and set admin for one that may do everything',
      });
    else if (name !== '' && users.findIndex((other) => other.name === name) < index)
      faults.push({ path, message: 'stands twice', remedy: 'keep one of them' });
    if (passwordSealed !== undefined)
      faults.push({
        path: `users.${index}.passwordSealed`,
        message: 'is for Windows',
        remedy: 'send passwordHash',
      });
  });
  for (const [name, value] of Object.entries({ windows, productKey, virtioDrivers }))
    if (value !== undefined) faults.push({ path: name, message: 'is for Windows', remedy: 'leave it out' });
  return faults;
}

function windowsFaults({ hostname, users, layout, source, proxy, mirror, image }: Readable): Fault[] {
  const faults: Fault[] = [];
  if (
    hostname !== '' &&
    (hostname.length > COMPUTER_NAME_MAX || /^\d+$/.test(hostname) || hostname.includes('.'))
  )
    faults.push({
      path: 'hostname',
      message: `must be a computer name: at most ${COMPUTER_NAME_MAX} characters, no dot, not digits alone`,
      remedy: 'shorten it; a domain is joined later',
    });
  users.forEach((user, index) => {
    const at = (field: string): string => `users.${index}.${field}`;
    const { name } = user;
    if (
      name !== '' &&
      (name.length > WINDOWS_USER_MAX || WINDOWS_USER_FORBIDDEN.test(name) || /^\s|[.\s]$/.test(name))
    )
      faults.push({
        path: at('name'),
        message: `must be a Windows user name: at most ${WINDOWS_USER_MAX} characters, none of "/\\[]:;|=,+*?<>@%, no space around it, no dot at its end`,
        remedy: 'choose another',
      });
    else if (WINDOWS_OWN_USERS.has(name.toLowerCase()) || name.toLowerCase() === hostname)
      faults.push({
        path: at('name'),
        message: 'is a name that Windows itself uses',
        remedy: 'choose another',
      });
    if (user.passwordHash !== undefined)
      faults.push({
        path: at('passwordHash'),
        message: 'Windows takes no crypt hash',
        remedy: 'send password over HTTP, or passwordSealed',
      });
    if (user.sshKeys.length > 0)
      faults.push({
        path: at('sshKeys'),
        message: 'is for Linux',
        remedy: 'install a key by a first-boot script',
      });
  });
  const names = users.map(({ name }) => name.toLowerCase());
  if (new Set(names).size < names.length)
    faults.push({
      path: 'users',
      message: 'two users differ in case only',
      remedy: 'Windows takes them for one',
    });
  if (layout === 'lvm')
    faults.push({ path: 'disk.layout', message: 'Windows has no LVM', remedy: 'use plain' });
  if (source === 'cloud-image')
    faults.push({
      path: 'source',
      message: 'cloud images are for the Linux families',
      remedy: 'use installer',
    });
  for (const [name, value] of Object.entries({ proxy, mirror, image }))
    if (value !== undefined) faults.push({ path: name, message: 'is for Linux', remedy: 'leave it out' });
  return faults;
}

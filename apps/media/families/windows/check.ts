import { gatewayFaults } from '../gateway-faults.js';
import { type Fault, interfacesOf, isLocale, LOCALES, type MediaRequest, nearest } from '#protocol';
import { inputLocale, windowsKeyboards, windowsLocale, windowsTimeZone } from './names.js';
import {
  findEdition,
  findWindowsVersion,
  LEAST_DISK,
  nearestEdition,
  WINDOWS_VERSIONS,
  type WindowsVersion,
} from './versions.js';

/** An answer file was asked for that `checkWindows` refuses. */
export class AnswerFileError extends Error {
  constructor(request: MediaRequest) {
    const faults = checkWindows(request).map(({ path, message }) => `${path}: ${message}`);
    super(faults.join('; ') || 'users: a user’s password was not given');
  }
}

/**
 * What is wrong with a request for Windows beyond the rules of `libs/protocol`: everything that the answer
 * file, its scripts or the drivers cannot carry.
 * @param images names of the images that the vendor's medium has, when they are known
 */
export function checkWindows(request: MediaRequest, images: readonly string[] | null = null): Fault[] {
  const version = findWindowsVersion(request.os.version);
  return [
    ...(version
      ? [...checkEdition(request, version, images), ...checkMachine(request, version)]
      : [unknownVersion(request.os.version)]),
    ...checkNames(request),
    ...checkUsers(request),
    ...checkNetwork(request),
    ...checkDrivers(request),
    ...(request.packages.length > 0
      ? [{ path: 'packages', message: 'is for Linux', remedy: 'install programs by a first-boot script' }]
      : []),
  ];
}

function unknownVersion(version: string): Fault {
  const known = WINDOWS_VERSIONS.map((each) => each.version);
  const near = nearest(version, known);
  return {
    path: 'os.version',
    message: `${JSON.stringify(version)} is not a known Windows; there are ${known.join(', ')}`,
    remedy: near ? `did you mean ${near}?` : 'give one of them',
  };
}

function checkEdition(
  { os }: MediaRequest,
  version: WindowsVersion,
  images: readonly string[] | null,
): Fault[] {
  const path = 'os.edition';
  const edition = findEdition(version, os.edition);
  if (!edition) {
    const near = nearestEdition(version, os.edition ?? '');
    const known = version.editions.map(({ name }) => name);
    return [
      {
        path,
        message: `${JSON.stringify(os.edition)} is not a known edition of ${version.title}; there are ${known.join(', ')}`,
        remedy: near ? `did you mean ${near}?` : 'give one of them',
      },
    ];
  }
  if (images && !images.includes(edition.imageName)) {
    const near = nearest(edition.imageName, images);
    return [
      {
        path,
        message: `the medium has no image ${JSON.stringify(edition.imageName)}; it has ${images.join(', ') || 'none'}`,
        remedy: near ? `did you mean ${near}?` : 'give an edition that the medium has',
      },
    ];
  }
  return [];
}

function checkMachine({ os, firmware, windows, disk }: MediaRequest, version: WindowsVersion): Fault[] {
  const faults: Fault[] = [];
  if (!version.architectures.includes(os.architecture))
    faults.push({
      path: 'os.architecture',
      message: `${version.title} has no medium for ${os.architecture}`,
      remedy: `use ${version.architectures.join(' or ')}`,
    });
  // That aarch64 has no BIOS is a fault of any family, and told already.
  const isBios = firmware === 'bios' && os.architecture !== 'aarch64';
  if (isBios && version.needsUefi && !windows?.bypassRequirements)
    faults.push({
      path: 'firmware',
      message: `setup of ${version.title} refuses a machine without UEFI`,
      remedy: 'use uefi, or set windows.bypassRequirements',
    });
  const least = windows?.bypassRequirements ? LEAST_DISK : version.leastDisk;
  if (disk.match && 'maxBytes' in disk.match && disk.match.maxBytes < least)
    faults.push({
      path: 'disk.match.maxBytes',
      message: `${version.title} does not fit on ${disk.match.maxBytes} bytes`,
      remedy: `allow at least ${least}`,
    });
  return faults;
}

function checkNames({ locale, keyboard, timezone }: MediaRequest): Fault[] {
  const faults: Fault[] = [];
  const windows = windowsLocale(locale);
  if (!isLocale(locale) || 'instead' in windows) {
    const instead = 'instead' in windows ? windows.instead : nearest(locale, LOCALES);
    faults.push({
      path: 'locale',
      message: `Windows has no system locale ${locale}`,
      remedy: instead ? `use ${instead}` : 'use another',
    });
  }
  if (!inputLocale(keyboard)) {
    const wanted = keyboard.variant ? `${keyboard.layout}/${keyboard.variant}` : keyboard.layout;
    const ofLayout = windowsKeyboards().filter((name) => name.split('/')[0] === keyboard.layout);
    const near = ofLayout.length > 0 ? ofLayout.join(', ') : nearest(wanted, windowsKeyboards());
    faults.push({
      path: 'keyboard',
      message: `Windows has no layout for ${wanted}`,
      remedy: near ? `use ${near} (layout/variant)` : 'use us',
    });
  }
  if (!windowsTimeZone(timezone))
    faults.push({
      path: 'timezone',
      message: `CLDR knows no Windows zone for ${timezone}`,
      remedy: 'use a zone of a city with the same time',
    });
  return faults;
}

/**
 * Whether a server takes a password with the policy that it comes with. Source: Microsoft, "Password must
 * meet complexity requirements": six characters, three of the kinds upper case, lower case, digits, others,
 * and not the user's name.
 */
export function isComplex(password: string, user: string): boolean {
  const kinds = [/\p{Lu}/u, /\p{Ll}/u, /\p{Nd}/u, /[^\p{L}\p{Nd}]/u].filter((kind) => kind.test(password));
  const hasName = user.length > 2 && password.toLowerCase().includes(user.toLowerCase());
  return password.length >= 6 && kinds.length >= 3 && !hasName;
}

function checkUsers({ users }: MediaRequest): Fault[] {
  const faults: Fault[] = [];
  if (!users.some(({ admin }) => admin))
    faults.push({
      path: 'users',
      message: 'has no administrator: Windows setup would stop and ask for one',
      remedy: 'give a user with admin and a password',
    });
  users.forEach(({ password, passwordSealed }, index) => {
    if (password === undefined && passwordSealed === undefined)
      faults.push({
        path: `users.${index}.password`,
        message: 'is missing: Windows would let anybody in by this name',
        remedy: 'send password over HTTP, or passwordSealed',
      });
  });
  return faults;
}

/**
 * What a server's own policy would refuse: setup would stop there.
 * @param passwords by user name, opened
 */
export function passwordFaults({ os, users }: MediaRequest, passwords: ReadonlyMap<string, string>): Fault[] {
  if (findWindowsVersion(os.version)?.kind !== 'server') return [];
  return users.flatMap(({ name }, index) => {
    const password = passwords.get(name);
    if (password === undefined || isComplex(password, name)) return [];
    return [
      {
        path: `users.${index}.password`,
        message: 'is too simple for the policy of a Windows server: setup would stop at it',
        remedy: 'use six characters or more of three kinds, without the user’s name',
      },
    ];
  });
}

function checkNetwork(request: MediaRequest): Fault[] {
  const interfaces = interfacesOf(request);
  const faults = gatewayFaults(interfaces);
  interfaces.forEach(({ dhcp, addresses }, index) => {
    if (dhcp && addresses.some((cidr) => !cidr.includes(':')))
      faults.push({
        path: `network.${index}.dhcp`,
        message: 'Windows has either DHCP or fixed IPv4 addresses on an adapter',
        remedy: 'leave out one of them',
      });
  });
  return faults;
}

function checkDrivers({ virtioDrivers, windows, disk }: MediaRequest): Fault[] {
  const faults: Fault[] = [];
  if (windows && !windows.drivers.includes('vioserial'))
    faults.push({
      path: 'windows.drivers',
      message: 'lacks vioserial: without it the agent has no channel',
      remedy: 'add vioserial',
    });
  const needs = windows?.guestTools
    ? 'windows.guestTools'
    : disk.match && 'bus' in disk.match && (disk.match.bus === 'virtio' || disk.match.bus === 'scsi')
      ? `a disk on ${disk.match.bus}`
      : null;
  if (virtioDrivers === undefined && needs)
    faults.push({
      path: 'virtioDrivers',
      message: `is missing: ${needs} needs drivers that no Windows has`,
      remedy: 'give the path of a virtio-win ISO or of its folder',
    });
  return faults;
}

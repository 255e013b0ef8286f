import type { Fault } from '../fault.js';
import { interfacesOf } from './network-cards.js';
import { findRelease, type KickstartSyntax } from './releases.js';
import type { MediaRequest } from './request-fields.js';

/**
 * What the vendors' images of RHEL and what is built from it had before cloud-init 23.4 (their lists of
 * packages): the last point release of each version, in order.
 */
const OLD_CLOUD_INIT: Partial<Record<KickstartSyntax, readonly { lastPoint: number; version: string }[]>> = {
  RHEL8: [
    { lastPoint: 8, version: '22.1' },
    { lastPoint: 9, version: '23.1' },
  ],
  RHEL9: [
    { lastPoint: 2, version: '22.1' },
    { lastPoint: 3, version: '23.1' },
  ],
};

const oldVersions = (os: MediaRequest['os']): readonly { lastPoint: number; version: string }[] =>
  OLD_CLOUD_INIT[findRelease(os)?.kickstart?.syntax as KickstartSyntax] ?? [];

/**
 * The version of cloud-init on the image: what the request says of it, else what images of its point release
 * have. Null: it is not known, and taken for 23.4 or newer.
 */
export function imageCloudInit({ os, image }: Pick<MediaRequest, 'os' | 'image'>): string | null {
  if (image?.cloudInit !== undefined) return image.cloudInit;
  const point = pointOf(os);
  if (point === null) return null;
  return oldVersions(os).find(({ lastPoint }) => point <= lastPoint)?.version ?? null;
}

/** What an operator should know of a cloud image; nothing for an installation. */
export function cloudImageWarnings(request: MediaRequest): Fault[] {
  if (request.source !== 'cloud-image') return [];
  return [
    ...versionWarnings(request),
    ...(request.os.architecture === 'aarch64' ? [NEW_INSTANCE] : []),
    ...(request.rhsm === undefined ? [] : [UNREGISTERED]),
  ];
}

/**
 * cloud-init's `tools/ds-identify`, seen with 22.4: where there is no DMI its policy has `notfound=enabled`.
 */
const NEW_INSTANCE: Fault = {
  path: 'os.architecture',
  message:
    'cloud-init of aarch64 images also runs when it finds no seed: without the seed the machine is a new instance at its next start, with new host keys',
  remedy: 'leave the seed attached, or switch cloud-init off by a first-boot script before it is detached',
  value: 'aarch64',
};

const UNREGISTERED: Fault = {
  path: 'rhsm',
  message: 'is for installations: a cloud image is not registered by its medium',
  remedy: 'register it by a first-boot script',
};

/** Where the version decides whether a card is found, and nothing tells it. */
function versionWarnings(request: MediaRequest): Fault[] {
  const last = oldVersions(request.os).find(({ version }) => version === '22.1')?.lastPoint;
  const byMac = interfacesOf(request).some(({ match }) => 'mac' in match);
  if (last === undefined || !byMac || imageCloudInit(request) !== null || pointOf(request.os) !== null)
    return [];
  const { version } = request.os;
  return [
    {
      path: 'image.cloudInit',
      message: `is not given: images of ${version}.${last} and older have cloud-init 22.1, which finds no card by its address unless it renames it`,
      remedy: `give 22.1, or ${version}.${last} as os.version, for such an image; nothing for a newer one`,
    },
  ];
}

/** Of a version such as 9.4; null when it names none. */
function pointOf({ version }: Pick<MediaRequest['os'], 'version'>): number | null {
  const [, point] = /\.(\d+)$/.exec(version) ?? [];
  return point === undefined ? null : Number(point);
}

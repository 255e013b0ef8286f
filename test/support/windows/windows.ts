import type { MediaRequest } from '#protocol';
import { windowsSeed, type WindowsSeedOptions } from '../../../apps/media/families/windows/seed.js';
import { FULL_REQUEST, mediaRequest } from '../media/media.js';

export const WINDOWS_PASSWORDS: ReadonlyMap<string, string> = new Map([
  ['ada', 'P@ssw0rd!'],
  ['ci', 'Gr\u00fc\u00dfe & <Kisse>'],
]);

export const WINDOWS_INSTALL = {
  vmId: FULL_REQUEST.vmId,
  mediumId: 'm',
  mediumProof: 'd'.repeat(64),
  source: 'installer' as const,
  rhsm: null,
  distributionUrl: 'http://suite.example:4000',
  pins: {
    ...{ binarySha256: 'b'.repeat(64), binaryBytes: 1_240_000 },
    ...{ scriptSha256: 'a'.repeat(64), scriptBytes: 1_100, version: '0.1.0' },
  },
  channelSecret: 'c'.repeat(64),
  reporting: { url: 'http://suite.example:4000/install/events', token: 'report-token_0' },
};

const SEALED = 'v1.AAAAAAAAAAAAAAAAAAAAAA';

/** Name, hostname and one user: the least that installs. */
export const windowsRequest = (more: object = {}): MediaRequest =>
  mediaRequest({
    vmId: FULL_REQUEST.vmId,
    hostname: 'win-1',
    os: { family: 'windows', version: '11' },
    source: 'installer',
    users: [{ name: 'ada', passwordSealed: SEALED }],
    ...more,
  });

/** Every field that Windows has a use for. */
export const FULL_WINDOWS = {
  locale: 'de-DE',
  keyboard: { layout: 'ch', variant: 'fr' },
  timezone: 'Europe/Berlin',
  users: [
    { name: 'ada', passwordSealed: SEALED },
    { name: 'ci', passwordSealed: SEALED, admin: false },
  ],
  network: [FULL_REQUEST.network[0], { match: { name: 'Ethernet-2' }, dhcp: true }],
  disk: { match: { serial: 'DISK-1' }, wipe: true },
  productKey: 'AAAAA-BBBBB-CCCCC-DDDDD-EEEEE',
  virtioDrivers: '/iso/virtio-win.iso',
  windows: {
    drivers: ['vioserial', 'Balloon', 'viorng'],
    guestTools: true,
    bypassRequirements: true,
  },
};

export const windowsFiles = (
  request: MediaRequest,
  options: Partial<WindowsSeedOptions> = {},
): Map<string, string> =>
  new Map(
    windowsSeed(request, WINDOWS_INSTALL, {
      instanceId: 'medium-1',
      passwords: WINDOWS_PASSWORDS,
      ...options,
    }).map(({ name, content }) => [name, content]),
  );

import { describe, expect, it } from '@jest/globals';
import { mediaRequest } from '../../../test/support/media/media.js';
import { checkPairing, isoWarnings } from './pairing.js';
import type { VendorIso } from './vendor-iso.js';

const UBUNTU: VendorIso = {
  path: '/iso/u.iso',
  volumeId: 'Ubuntu-Server 24.04.1 LTS amd64',
  uuid: '2024-08-27-12-00-00-00',
  family: 'ubuntu',
  version: '24.04.1',
  architecture: 'x86_64',
  variant: 'live-server',
  bios: true,
  uefi: true,
};
const FEDORA: VendorIso = { ...UBUNTU, path: '/iso/f.iso', family: 'fedora', version: '43', variant: 'dvd' };
const RHEL: VendorIso = { ...FEDORA, family: 'rhel', version: '9.4' };
const WINDOWS: VendorIso = {
  ...UBUNTU,
  path: '/iso/w.iso',
  family: 'windows',
  version: '11',
  variant: 'windows',
  build: 26100,
  editions: [
    { index: 1, name: 'Windows 11 Home', editionId: 'Core', language: 'en-US' },
    { index: 2, name: 'Windows 11 Pro', editionId: 'Professional', language: 'en-US' },
  ],
};

const os = (family: string, version: string, more: object = {}): object => ({
  os: { family, version, ...more },
  hostname: 'vm-1',
  source: 'installer',
});
const paths = (request: object, iso: VendorIso): string[] =>
  checkPairing(mediaRequest(request), iso).map(({ path }) => path);

describe('a request and an ISO', () => {
  it.each<[string, object, VendorIso]>([
    ['the point release of what is asked for', os('ubuntu', '24.04'), UBUNTU],
    ['the very release', os('ubuntu', '24.04.1'), UBUNTU],
    ['a major release', os('rhel', '9'), RHEL],
    ['Windows of the same version', os('windows', '11'), WINDOWS],
    [
      'a chain ISO, which boots where the vendor’s does not',
      { ...os('fedora', '43'), firmware: 'bios', delivery: 'chain' },
      { ...FEDORA, bios: false },
    ],
    [
      'a boot ISO with a mirror',
      { ...os('rhel', '9'), mirror: 'http://m.example/BaseOS' },
      { ...RHEL, variant: 'netinst' },
    ],
    ['a boot ISO of Fedora, which has public mirrors', os('fedora', '43'), { ...FEDORA, variant: 'netinst' }],
  ])('go together: %s', (_what, request, iso) => {
    expect(checkPairing(mediaRequest(request), iso)).toEqual([]);
  });

  it.each<[string, string[], object, VendorIso]>([
    ['another family', ['os.family'], os('ubuntu', '24.04'), FEDORA],
    ['another release', ['os.version'], os('ubuntu', '22.04'), UBUNTU],
    ['a release that only begins alike', ['os.version'], os('ubuntu', '24.0'), UBUNTU],
    ['another major release', ['os.version'], os('rhel', '9'), { ...RHEL, version: '10.0' }],
    ['another processor', ['os.architecture'], os('ubuntu', '24.04', { architecture: 'aarch64' }), UBUNTU],
    [
      'the other firmware',
      ['firmware'],
      { ...os('ubuntu', '24.04'), firmware: 'bios' },
      { ...UBUNTU, bios: false },
    ],
    ['a Live ISO', ['vendorIso'], os('fedora', '43'), { ...FEDORA, variant: 'live' }],
    ['an old desktop', ['vendorIso'], os('ubuntu', '24.04'), { ...UBUNTU, variant: 'desktop-legacy' }],
    ['an old server', ['vendorIso'], os('ubuntu', '24.04'), { ...UBUNTU, variant: 'legacy-server' }],
    ['a boot ISO of RHEL without a mirror', ['mirror'], os('rhel', '9'), { ...RHEL, variant: 'netinst' }],
    [
      'a boot ISO and a machine without a network card',
      ['network'],
      { ...os('fedora', '43'), network: 'none' },
      { ...FEDORA, variant: 'netinst' },
    ],
    [
      'a label that no argument can carry',
      ['vendorIso'],
      os('fedora', '43'),
      { ...FEDORA, volumeId: 'a:b', uuid: null },
    ],
    [
      'all of it at once',
      ['os.family', 'os.architecture', 'firmware', 'vendorIso'],
      { ...os('ubuntu', '24.04', { architecture: 'aarch64' }) },
      { ...FEDORA, uefi: false, variant: 'live' },
    ],
  ])('are refused: %s', (_what, expected, request, iso) => {
    expect(paths(request, iso)).toEqual(expected);
    for (const { message, remedy } of checkPairing(mediaRequest(request), iso)) {
      expect(message).not.toBe('');
      expect(remedy).not.toBe('');
    }
  });

  it('name both sides of a wrong family', () => {
    expect(checkPairing(mediaRequest(os('ubuntu', '24.04')), FEDORA)[0]).toEqual({
      path: 'os.family',
      message: 'the request is for Ubuntu, and /iso/f.iso is Fedora 43 (dvd)',
      remedy: 'ask for fedora, or give the vendorIso of Ubuntu 24.04',
    });
  });

  it('have a warning when the medium carries no packages', () => {
    const netinst = { ...FEDORA, variant: 'netinst' } as const;
    expect(isoWarnings(mediaRequest(os('fedora', '43')), FEDORA)).toEqual([]);
    expect(isoWarnings(mediaRequest(os('fedora', '43')), netinst)).toEqual([
      {
        path: 'vendorIso',
        message: `${FEDORA.path} carries no packages: the installation fetches them from the vendor's public mirrors`,
        remedy: 'see that the machine reaches that by its network, or take the DVD',
        severity: 'warning',
      },
    ]);
    expect(
      isoWarnings(mediaRequest({ ...os('fedora', '43'), mirror: 'http://m.example/f' }), netinst)[0]?.message,
    ).toMatch(/from http:\/\/m\.example\/f$/);
  });
});

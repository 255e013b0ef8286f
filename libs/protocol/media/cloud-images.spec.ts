import { describe, expect, it } from '@jest/globals';
import { mediaRequest } from '../../../test/support/media/media.js';
import { imageCloudInit } from './cloud-images.js';
import { requestWarnings } from './warnings.js';

const BY_MAC = [{ match: { mac: '52:54:00:12:34:56' } }];
const paths = (more: object): string[] => requestWarnings(mediaRequest(more)).map(({ path }) => path);

describe('the cloud-init of an image', () => {
  it.each([
    ['rhel', '8.8', '22.1'],
    ['rocky', '8.5', '22.1'],
    ['alma', '9.2', '22.1'],
    ['rhel', '8.9', '23.1'],
    ['rhel', '9.3', '23.1'],
    ['rhel', '8.10', null],
    ['rhel', '9.10', null],
    ['rhel', '10.0', null],
    ['rhel', '9', null],
    ['ubuntu', '22.04', null],
    ['fedora', '43', null],
  ])('of %s %s is %s', (family, version, expected) => {
    expect(imageCloudInit(mediaRequest({ os: { family, version } }))).toBe(expected);
  });

  it('is what the request says, whatever the release', () => {
    const os = { family: 'rhel', version: '9.2' };
    expect(imageCloudInit(mediaRequest({ os, image: { cloudInit: '23.4.1' } }))).toBe('23.4.1');
    expect(imageCloudInit(mediaRequest({ os, image: {} }))).toBe('22.1');
  });
});

describe('what an operator should know of a cloud image', () => {
  const image = { os: { family: 'rocky', version: '9' }, source: 'cloud-image', network: BY_MAC };

  it('is that an image may name other sources; an installation has none', () => {
    expect(paths({ source: 'cloud-image' })).toContain('source');
    expect(paths({ source: 'installer' })).not.toContain('source');
    const [warning] = requestWarnings(mediaRequest({ source: 'cloud-image' }));
    expect(warning).toMatchObject({ severity: 'warning' });
    expect(warning?.message).toMatch(/\[Ec2, None\].*\[NoCloud, None\]/);
  });

  it('is that nobody registers it', () => {
    const rhsm = { organization: '1234567', activationKeys: ['servers'] };
    const os = { family: 'rhel', version: '10' };
    expect(paths({ os, rhsm, source: 'cloud-image' })).toContain('rhsm');
    expect(paths({ os, rhsm, source: 'installer' })).not.toContain('rhsm');
  });

  it('is that the version decides, where nothing tells it and a card is found by its address', () => {
    expect(paths(image)).toContain('image.cloudInit');
    expect(
      requestWarnings(mediaRequest(image))
        .map(({ message }) => message)
        .join(),
    ).toContain('images of 9.2 and older');
    for (const other of [
      { image: { cloudInit: '24.4' } },
      { os: { family: 'rocky', version: '9.4' } },
      { os: { family: 'rocky', version: '9.2' } },
      { os: { family: 'rocky', version: '10' } },
      { os: { family: 'ubuntu', version: '24.04' } },
      { network: [{ match: { name: 'ens3' } }] },
      { network: [] },
      { source: 'installer' },
    ])
      expect([other, paths({ ...image, ...other })]).not.toEqual([
        other,
        expect.arrayContaining(['image.cloudInit']),
      ]);
  });
});

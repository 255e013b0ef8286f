import { describe, expect, it } from '@jest/globals';
import type { Fault, MediaRequest } from '#protocol';
import { mediaRequest } from '../../../test/support/media/media.js';
import { DELIVERIES } from './deliveries.js';

const os = (family: string, version: string, more: object = {}): object => ({
  os: { family, version, ...more },
  hostname: 'vm-1',
  source: 'installer',
});

describe('a delivery', () => {
  const deliveryFaults = (request: MediaRequest): Fault[] => DELIVERIES[request.delivery].faults(request);

  it.each<[string, string[], object]>([
    ['of a cloud image is the seed', ['delivery'], { source: 'cloud-image', delivery: 'chain' }],
    ['of Windows is the seed: chain', ['delivery'], { ...os('windows', '11'), delivery: 'chain' }],
    ['of Windows is the seed: remaster', ['delivery'], { ...os('windows', '11'), delivery: 'remaster' }],
    [
      'by chain ISO is for x86_64 and needs the ISO',
      ['delivery', 'vendorIso'],
      { ...os('ubuntu', '24.04', { architecture: 'aarch64' }), delivery: 'chain' },
    ],
    ['by remaster needs the ISO', ['vendorIso'], { ...os('fedora', '43'), delivery: 'remaster' }],
  ])('%s', (_what, expected, request) => {
    expect(deliveryFaults(mediaRequest(request)).map(({ path }) => path)).toEqual(expected);
  });

  it.each(['seed', 'chain', 'direct-kernel', 'remaster'])(
    'by %s is there for a Linux installer',
    (delivery) => {
      const request = mediaRequest({ ...os('fedora', '43'), delivery, vendorIso: '/iso/f.iso' });
      expect(deliveryFaults(request)).toEqual([]);
    },
  );
});

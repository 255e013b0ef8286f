import { describe, expect, it } from '@jest/globals';
import { type MediaRequest, OS_FAMILIES } from '#protocol';
import { mediaRequest } from '../../test/support/media/media.js';
import { DELIVERIES } from './deliveries/deliveries.js';
import { requestFaults } from './request-faults.js';

const VERSIONS: Record<string, string> = { windows: '11', ubuntu: '24.04', fedora: '43' };

/** One request of each family, with what is asked for besides. */
const requests = (more: (os: { family: string; version: string }) => object): MediaRequest[] =>
  OS_FAMILIES.map((family) => {
    const os = { family, version: VERSIONS[family] ?? '9' };
    return mediaRequest({ hostname: 'vm-1', source: 'installer', ...more(os) });
  });

describe('a fault is told once', () => {
  it.each(Object.keys(DELIVERIES))('when aarch64 is asked for with BIOS, by delivery %s', (delivery) => {
    for (const request of requests((os) => ({
      os: { ...os, architecture: 'aarch64' },
      ...{ firmware: 'bios', delivery, vendorIso: '/iso/v.iso' },
    })))
      expect(requestFaults(request, null).filter(({ path }) => path === 'firmware')).toEqual([
        { path: 'firmware', message: 'aarch64 machines have no BIOS', remedy: 'use uefi' },
      ]);
  });

  it('whatever else is wrong: no two have one place and one message', () => {
    const told: string[][] = [];
    for (const architecture of ['x86_64', 'aarch64'])
      for (const firmware of ['uefi', 'bios'])
        for (const source of ['installer', 'cloud-image'])
          for (const delivery of Object.keys(DELIVERIES))
            for (const request of requests((os) => ({
              os: { ...os, architecture, version: '1.2.3' },
              ...{ firmware, delivery, packages: ['vim'] },
              ...{ network: [{ match: { mac: '52:54:00:00:00:01' }, gateway: '192.0.2.1' }] },
              // Windows takes neither: the model of the request says so before.
              ...(os.family === 'windows' ? {} : { source, proxy: 'http://proxy.example/path' }),
            })))
              told.push(requestFaults(request, null).map(({ path, message }) => `${path}: ${message}`));
    expect(told.every((faults) => faults.length > 0)).toBe(true);
    for (const faults of told) expect(faults).toEqual([...new Set(faults)]);
  });
});

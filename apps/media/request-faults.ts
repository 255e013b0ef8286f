import type { Fault, MediaRequest } from '#protocol';
import { DELIVERIES } from './deliveries/deliveries.js';
import { FAMILIES } from './families/family.js';
import { checkPairing } from './vendor/pairing.js';
import type { VendorIso } from './vendor/vendor-iso.js';

/**
 * Everything in a well-formed request that cannot be installed, before a byte is written: each fault once.
 * @param iso what the vendor's ISO is, when one is given and could be read
 */
export function requestFaults(request: MediaRequest, iso: VendorIso | null): Fault[] {
  const images = iso?.editions?.map(({ name }) => name) ?? null;
  return [
    ...FAMILIES[request.os.family].faults(request, images),
    ...machineFaults(request),
    ...DELIVERIES[request.delivery].faults(request),
    ...sourceFaults(request),
    ...(iso ? checkPairing(request, iso) : []),
  ];
}

/** What no family and no delivery can do anything about. */
function machineFaults({ os, firmware }: MediaRequest): Fault[] {
  if (os.architecture !== 'aarch64' || firmware !== 'bios') return [];
  return [{ path: 'firmware', message: 'aarch64 machines have no BIOS', remedy: 'use uefi' }];
}

/** A cloud image is its disk: there is none to choose and nothing to wipe. */
function sourceFaults({ source, disk, vendorIso }: MediaRequest): Fault[] {
  if (source !== 'cloud-image') return [];
  const faults: Fault[] = [];
  const refuse = (path: string, what: string): void => {
    faults.push({ path, message: `${what} is for an installer`, remedy: 'leave it out, or use installer' });
  };
  if (disk.match) refuse('disk.match', 'a rule for the disk');
  if (disk.layout === 'lvm') refuse('disk.layout', 'a layout');
  if (disk.wipe) refuse('disk.wipe', 'wiping');
  if (vendorIso !== undefined) refuse('vendorIso', "a vendor's ISO");
  return faults;
}

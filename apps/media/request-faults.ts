import { type Fault, nearest, type MediaRequest } from '#protocol';
import { checkDelivery } from './deliveries/delivery.js';
import { gatewayFaults } from './families/gateway-faults.js';
import { kickstartFaults } from './families/kickstart/faults.js';
import { checkPairing } from './vendor/pairing.js';
import { UBUNTU_VERSIONS } from './families/ubuntu/ubuntu.js';
import type { VendorIso } from './vendor/vendor-iso.js';
import { checkWindows } from './families/windows/check.js';

/**
 * Everything in a well-formed request that cannot be installed, before a byte is written.
 * @param iso what the vendor's ISO is, when one is given and could be read
 */
export function requestFaults(request: MediaRequest, iso: VendorIso | null): Fault[] {
  return [
    ...familyFaults(request, iso),
    ...checkDelivery(request),
    ...sourceFaults(request),
    ...(iso ? checkPairing(request, iso) : []),
  ];
}

function familyFaults(request: MediaRequest, iso: VendorIso | null): Fault[] {
  switch (request.os.family) {
    case 'windows':
      return checkWindows(request, iso?.editions?.map(({ name }) => name) ?? null);
    case 'ubuntu':
      return ubuntuFaults(request);
    default:
      return kickstartFaults(request);
  }
}

function ubuntuFaults({ os: { version }, network, proxy }: MediaRequest): Fault[] {
  const known: readonly string[] = UBUNTU_VERSIONS;
  const faults: Fault[] = [];
  // A point release is of its release.
  if (!known.includes(version.split('.').slice(0, 2).join('.'))) {
    const near = nearest(version, known);
    faults.push({
      path: 'os.version',
      message: `there are no media for ubuntu ${version}`,
      remedy: near ? `did you mean ${near}?` : `use ${known.join(', ')}`,
    });
  }
  // Subiquity and cloud-init hand it to apt, which takes a host and a port.
  if (proxy !== undefined && !/^https?:\/\/[^/?#]+\/?$/.test(proxy))
    faults.push({
      path: 'proxy',
      message: 'has more than a host and a port',
      remedy: 'leave out what follows them',
    });
  faults.push(...gatewayFaults(network));
  return faults;
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

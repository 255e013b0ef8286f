import {
  type Fault,
  findRelease,
  interfacesOf,
  longTermFirst,
  type MediaRequest,
  versionsOf,
} from '#protocol';
import { gatewayFaults } from '../gateway-faults.js';

/** Everything in a request for Ubuntu that neither Subiquity nor cloud-init can carry. */
export function ubuntuFaults({ os, network, proxy }: MediaRequest): Fault[] {
  const faults: Fault[] = [];
  if (!findRelease(os)) {
    const known = versionsOf(os.family);
    faults.push({
      path: 'os.version',
      message: `there are no media for ${os.family} ${os.version}`,
      remedy: `use one of ${longTermFirst(known)}`,
    });
  }
  // Subiquity and cloud-init hand it to apt, which takes a host and a port.
  if (proxy !== undefined && !/^https?:\/\/[^/?#]+\/?$/.test(proxy))
    faults.push({
      path: 'proxy',
      message: 'has more than a host and a port',
      remedy: 'leave out what follows them',
    });
  faults.push(...gatewayFaults(interfacesOf({ network })));
  return faults;
}

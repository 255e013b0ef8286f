import {
  interfacesOf,
  kickstartRelease,
  type Fault,
  type MediaRequest,
  type NetworkInterface,
  versionsOf,
} from '#protocol';
import { isKickstartText } from '../../escape.js';
import { isIpv6 } from '../linux/network-config.js';

/**
 * Everything in a request for Fedora, RHEL, Rocky or Alma that its installer, or dnf, cannot carry.
 * `kickstartSeed` takes what has none.
 */
export function kickstartFaults(request: MediaRequest): Fault[] {
  const { os, source } = request;
  const faults: Fault[] = [];
  if (!kickstartRelease(os)) {
    faults.push({
      path: 'os.version',
      message: `there are no media for ${os.family} ${os.version}`,
      remedy: `use ${versionsOf(os.family).join(', ') || 'another family'}`,
    });
  }
  for (const field of ['mirror', 'proxy'] as const) {
    const url = request[field];
    // A blank or the end of a line would end the value in dnf's files.
    if (url !== undefined && !/^[!-~]*$/.test(url))
      faults.push({
        path: field,
        message: 'has blanks, control characters or others than ASCII',
        remedy: 'write them as %20',
      });
  }
  interfacesOf(request).forEach((net, index) =>
    faults.push(...networkFaults(net, `network.${index}`, source)),
  );
  if (source === 'installer') faults.push(...textFaults(request));
  return faults;
}

function networkFaults(
  { match, dhcp, addresses, gateway }: NetworkInterface,
  path: string,
  source: MediaRequest['source'],
): Fault[] {
  const faults: Fault[] = [];
  if ('name' in match && match.name.includes('*'))
    faults.push({
      path: `${path}.match.name`,
      message: 'the Fedora family takes no pattern of names',
      remedy: 'give the MAC address',
    });
  if (source === 'cloud-image') return faults;
  const ofFamily = (six: boolean): number => addresses.filter((address) => isIpv6(address) === six).length;
  for (const six of [false, true])
    if (ofFamily(six) > 1)
      faults.push({
        path: `${path}.addresses`,
        message: `a kickstart takes one IPv${six ? 6 : 4} address for an interface`,
        remedy: 'add the others by a first-boot script',
      });
  if (dhcp && ofFamily(false) > 0)
    faults.push({
      path: `${path}.dhcp`,
      message: 'a kickstart takes DHCP or an IPv4 address, not both',
      remedy: 'leave one out',
    });
  if (gateway !== undefined && ofFamily(isIpv6(gateway)) === 0)
    faults.push({
      path: `${path}.gateway`,
      message: 'has no address of its own kind beside it',
      remedy: 'give an address of the same IP version, or leave it out',
    });
  return faults;
}

/** Free text goes onto lines of the kickstart. */
function textFaults({ users }: MediaRequest): Fault[] {
  return users.flatMap(({ sshKeys }, user) =>
    sshKeys.flatMap((key, index) =>
      isKickstartText(key)
        ? []
        : [
            {
              path: `users.${user}.sshKeys.${index}`,
              message: 'its comment has a character that ends a line of a kickstart',
              remedy: 'shorten the comment',
            },
          ],
    ),
  );
}

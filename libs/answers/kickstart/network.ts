import { addressFault, cidrFault, family, ipv4Number, netmaskFault } from '../cloud/addresses.js';
import { didYouMean } from '../fault.js';
import type { Add } from './command-fault.js';
import type { ReadCommand } from './options.js';

const PROTOCOLS = ['dhcp', 'bootp', 'static', 'query', 'ibft'];
const HOST_NAME =
  /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/;

/** The values of `network`: addresses that are some, and that belong together. */
export function networkFaults({ options }: ReadCommand, add: Add): void {
  const get = (name: string): string | undefined => options.get(name);
  const protocol = get('bootproto');
  if (protocol !== undefined && !PROTOCOLS.includes(protocol))
    add(
      '--bootproto',
      `must be one of ${PROTOCOLS.join(', ')}`,
      didYouMean(protocol, PROTOCOLS, 'use one of them'),
      protocol,
    );
  ipv4(get, protocol, add);
  ipv6(get, add);
  for (const server of get('nameserver')?.split(',') ?? []) {
    const fault = addressFault(server);
    if (fault) add('--nameserver', fault.message, fault.remedy, server);
  }
  const host = get('hostname');
  if (host !== undefined && !HOST_NAME.test(host))
    add('--hostname', 'is not a host name', 'use letters, digits and hyphens', host);
  for (const [option, least, most] of [
    ['mtu', 68, 65_535],
    ['vlanid', 0, 4094],
  ] as const) {
    const value = get(option);
    if (value !== undefined && !(/^\d+$/.test(value) && Number(value) >= least && Number(value) <= most))
      add(`--${option}`, `must be a whole number from ${least} to ${most}`, 'correct it', value);
  }
  const device = get('device');
  if (
    device !== undefined &&
    !/^(link|bootif|ibft|([0-9A-Fa-f]{2}:){5,19}[0-9A-Fa-f]{2}|[\w.@-]{1,15})$/.test(device)
  )
    add(
      '--device',
      'is no interface',
      'give a name of at most 15 characters, a MAC address, link or bootif',
      device,
    );
  const onboot = get('onboot');
  if (onboot !== undefined && !/^(yes|no|on|off|true|false|0|1)$/i.test(onboot))
    add('--onboot', 'must be yes or no', 'correct it', onboot);
}

function ipv4(get: (name: string) => string | undefined, protocol: string | undefined, add: Add): void {
  const [address, mask, gateway] = [get('ip'), get('netmask'), get('gateway')];
  const good = (option: string, value: string | undefined): value is string => {
    if (value === undefined) return false;
    const fault =
      family(value) === 4
        ? addressFault(value)
        : {
            message: `${JSON.stringify(value)} is not an IPv4 address`,
            remedy: 'give an address such as 192.0.2.10',
          };
    if (fault) add(`--${option}`, fault.message, fault.remedy, value);
    return !fault;
  };
  const own = address === undefined || address === 'dhcp' ? false : good('ip', address);
  const fault = mask === undefined ? null : netmaskFault(mask);
  if (fault) add('--netmask', fault.message, fault.remedy, mask);
  const route = good('gateway', gateway);
  if (protocol === 'static' && address === undefined && get('ipv6') === undefined)
    add('--ip', 'is missing: the network is static', 'add --ip and --netmask');
  if (address !== undefined && mask === undefined && protocol === 'static')
    add('--netmask', 'is missing', 'add it');
  if (protocol === 'dhcp' && address !== undefined)
    add(
      '--ip',
      'stands beside --bootproto=dhcp, which ignores it',
      'use --bootproto=static, or leave it out',
      address,
    );
  // A host alone in its network reaches its gateway by a route of its own.
  if (own && route && mask !== undefined && mask !== '255.255.255.255' && !fault && address !== undefined) {
    const size = 2 ** 32 - ipv4Number(mask);
    if (Math.floor(ipv4Number(address) / size) !== Math.floor(ipv4Number(gateway) / size))
      add(
        '--gateway',
        `is not in the network of ${address}/${mask}`,
        'correct the gateway or the netmask',
        gateway,
      );
  }
}

function ipv6(get: (name: string) => string | undefined, add: Add): void {
  const address = get('ipv6');
  if (
    address !== undefined &&
    address !== 'auto' &&
    address !== 'dhcp' &&
    (family(address) !== 6 || (cidrFault(address) && addressFault(address)))
  )
    add(
      '--ipv6',
      'is neither auto, dhcp nor an IPv6 address with its prefix length',
      'give one such as 2001:db8::10/64',
      address,
    );
  const gateway = get('ipv6gateway');
  if (gateway !== undefined && (family(gateway) !== 6 || addressFault(gateway)))
    add('--ipv6gateway', 'is not an IPv6 address', 'give one such as 2001:db8::1', gateway);
}

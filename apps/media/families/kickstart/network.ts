import { interfacesOf, type MediaRequest, type NetworkInterface } from '#protocol';
import { ksWord } from '../../escape.js';
import { isIpv6 } from '../linux/network-config.js';

/** The `network` commands: the interfaces, and the host name on a line of its own. */
export function networkCommands({ network, hostname }: MediaRequest): string[] {
  const asked = interfacesOf({ network });
  const interfaces =
    asked.length === 0 ? ['network --bootproto=dhcp --device=link --activate'] : asked.map(oneInterface);
  return [...interfaces, `network --hostname=${ksWord(hostname)}`];
}

/** One address of each kind at most: `kickstartFaults` refuses more. */
function oneInterface({ match, dhcp, addresses, gateway, dns }: NetworkInterface): string {
  const four = addresses.find((address) => !isIpv6(address));
  const six = addresses.find(isIpv6);
  const words = [
    `--device=${ksWord('mac' in match ? match.mac : match.name)}`,
    '--activate',
    '--onboot=yes',
    ...(dhcp ? ['--bootproto=dhcp'] : four ? staticIpv4(four) : ['--noipv4']),
    ...(six ? [`--ipv6=${six}`] : []),
    ...(gateway ? [`${isIpv6(gateway) ? '--ipv6gateway' : '--gateway'}=${gateway}`] : []),
    ...(dns.length > 0 ? [`--nameserver=${dns.join(',')}`] : []),
  ];
  return `network ${words.join(' ')}`;
}

function staticIpv4(address: string): string[] {
  const [ip = '', prefix = '32'] = address.split('/');
  return ['--bootproto=static', `--ip=${ip}`, `--netmask=${netmask(Number(prefix))}`];
}

/** `24` is `255.255.255.0`. */
function netmask(prefix: number): string {
  const octet = (index: number): number => 256 - 2 ** (8 - Math.min(8, Math.max(0, prefix - 8 * index)));
  return [0, 1, 2, 3].map(octet).join('.');
}

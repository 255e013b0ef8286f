import { type MediaRequest, type NetworkCard, networkCards, type NetworkInterface } from '#protocol';
import { ksWord } from '../../escape.js';
import { isIpv6 } from '../linux/network-config.js';

/** The `network` commands: a card each, and the host name on a line of its own. */
export const networkCommands = (request: MediaRequest): string[] => [
  ...networkCards(request).map(oneCard),
  `network --hostname=${ksWord(request.hostname)}`,
];

/** What a card does that the request says nothing of. */
const DEFAULT: Pick<NetworkInterface, 'dhcp' | 'addresses' | 'gateway' | 'dns'> = {
  dhcp: true,
  addresses: [],
  dns: [],
};

/**
 * One address of each kind at most: `kickstartFaults` refuses more. Without `--bindto=mac` Anaconda binds the
 * connection to the name that the card has in the installer.
 */
function oneCard({ mac, asked }: NetworkCard): string {
  const { dhcp, addresses, gateway, dns } = asked ?? DEFAULT;
  const four = addresses.find((address) => !isIpv6(address));
  const six = addresses.find(isIpv6);
  const name = nameOf(asked);
  const words = [
    ...(name === null ? [`--device=${ksWord(mac)}`, '--bindto=mac'] : [`--device=${ksWord(name)}`]),
    '--activate',
    '--onboot=yes',
    ...(dhcp ? ['--bootproto=dhcp'] : four ? staticIpv4(four) : ['--noipv4']),
    ...(six ? [`--ipv6=${six}`] : []),
    ...(gateway ? [`${isIpv6(gateway) ? '--ipv6gateway' : '--gateway'}=${gateway}`] : []),
    ...(dns.length > 0 ? [`--nameserver=${dns.join(',')}`] : []),
  ];
  return `network ${words.join(' ')}`;
}

/** Null: it is known by its MAC. */
const nameOf = (asked: NetworkInterface | null): string | null =>
  asked && 'name' in asked.match ? asked.match.name : null;

/**
 * The same card as `nmcli connection add` takes it (nmcli(1), nm-settings-nmcli(5)). DHCP must have
 * succeeded: otherwise the connection counts as up as soon as IPv6 is.
 */
export function connectionProperties({ mac, asked }: NetworkCard): string[] {
  const { dhcp, addresses, gateway, dns } = asked ?? DEFAULT;
  const name = nameOf(asked);
  const words = name === null ? ['ifname', '*', '802-3-ethernet.mac-address', mac] : ['ifname', name];
  for (const family of ['ipv4', 'ipv6'] as const) {
    const isOfFamily = (address: string): boolean => isIpv6(address) === (family === 'ipv6');
    const address = addresses.find(isOfFamily);
    const servers = dns.filter(isOfFamily);
    if (address !== undefined) words.push(`${family}.method`, 'manual', `${family}.addresses`, address);
    else if (family === 'ipv6') words.push('ipv6.method', 'auto');
    else words.push(...(dhcp ? ['ipv4.method', 'auto', 'ipv4.may-fail', 'no'] : ['ipv4.method', 'disabled']));
    if (gateway !== undefined && isOfFamily(gateway)) words.push(`${family}.gateway`, gateway);
    if (servers.length > 0 && !(family === 'ipv4' && address === undefined && !dhcp))
      words.push(`${family}.dns`, servers.join(','));
  }
  return words;
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

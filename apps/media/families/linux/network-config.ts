import { interfacesOf, type MediaRequest } from '#protocol';

/**
 * Netplan version 2, or null when nothing was asked for: both cloud-init and Subiquity then use DHCP on what
 * they find.
 */
export function netplan(request: MediaRequest): Record<string, unknown> | null {
  const interfaces = interfacesOf(request);
  if (interfaces.length === 0) return null;
  const ethernets = interfaces.map(({ match, dhcp, addresses, gateway, dns }, index): [string, unknown] => [
    `nic${index}`,
    {
      match: 'mac' in match ? { macaddress: match.mac } : { name: match.name },
      dhcp4: dhcp,
      ...(addresses.length > 0 ? { addresses } : {}),
      ...(gateway ? { routes: [{ to: 'default', via: gateway }] } : {}),
      ...(dns.length > 0 ? { nameservers: { addresses: dns } } : {}),
    },
  ]);
  return { version: 2, ethernets: Object.fromEntries(ethernets) };
}

/**
 * The same for cloud-init's sysconfig and NetworkManager renderers: they take an entry's key for the
 * interface's name when it is not renamed, and know no name patterns; older ones refuse a route `to: default`
 * and make `::/64` of `::/0`, but all know gateway4 and gateway6 (cloudinit/net/network_state.py).
 */
export function renamedNetwork(request: MediaRequest): Record<string, unknown> | null {
  const interfaces = interfacesOf(request);
  if (interfaces.length === 0) return null;
  const ethernets = interfaces.map(({ match, dhcp, addresses, gateway, dns }, index): [string, unknown] => [
    'mac' in match ? `nic${index}` : match.name,
    {
      ...('mac' in match ? { match: { macaddress: match.mac }, 'set-name': `nic${index}` } : {}),
      dhcp4: dhcp,
      ...(addresses.length > 0 ? { addresses } : {}),
      ...(gateway ? { [isIpv6(gateway) ? 'gateway6' : 'gateway4']: gateway } : {}),
      ...(dns.length > 0 ? { nameservers: { addresses: dns } } : {}),
    },
  ]);
  return { version: 2, ethernets: Object.fromEntries(ethernets) };
}

/** Of an address or a prefix that the request's rules have passed. */
export const isIpv6 = (address: string): boolean => address.includes(':');

import { imageCloudInit, interfacesOf, type MediaRequest, type NetworkInterface } from '#protocol';

/**
 * Netplan version 2, or null when nothing was asked for: both cloud-init and Subiquity then use DHCP on what
 * they find.
 */
export function netplan(request: MediaRequest): Record<string, unknown> | null {
  return ethernets(
    request,
    ({ match }, index) => [
      `nic${index}`,
      { match: 'mac' in match ? { macaddress: match.mac } : { name: match.name } },
    ],
    defaultRoute,
  );
}

/**
 * The same for cloud-init's sysconfig and NetworkManager renderers, which know no name patterns: what is not
 * found by its address has an entry's key for its name.
 */
export function translatedNetwork(request: MediaRequest): Record<string, unknown> | null {
  const version = imageCloudInit(request);
  // Until 22.1 the key is the interface's name, whatever the address. Newer ones look the name up; there a
  // card that is missing, or cannot be renamed, would end the configuration of all (cloud-init's
  // net/network_state.py and net/__init__.py).
  const renames = isBefore(version, '22.2');
  return ethernets(
    request,
    ({ match }, index) =>
      'mac' in match
        ? [
            `nic${index}`,
            { match: { macaddress: match.mac }, ...(renames ? { 'set-name': `nic${index}` } : {}) },
          ]
        : [match.name, {}],
    (gateway) => {
      if (renames) return gatewayKey(gateway);
      // `::/0` is `::/64` to them before 23.1, and among the routes of IPv4 before 23.4 (canonical/cloud-init
      // #1973, #4518).
      return isIpv6(gateway) && isBefore(version, '23.4') ? gatewayKey(gateway) : defaultRoute(gateway);
    },
  );
}

/**
 * For a machine without a card: cloud-init waits for none and leaves what the image has (its
 * `is_disabled_cfg`).
 */
export const NO_NETWORK = { config: 'disabled' } as const;

/** @param entry key of the entry, and how its card is found */
function ethernets(
  request: MediaRequest,
  entry: (card: NetworkInterface, index: number) => [string, object],
  route: (gateway: string) => object,
): Record<string, unknown> | null {
  const interfaces = interfacesOf(request);
  if (interfaces.length === 0) return null;
  const entries = interfaces.map((card, index): [string, unknown] => {
    const { dhcp, addresses, gateway, dns } = card;
    const [key, found] = entry(card, index);
    return [
      key,
      {
        ...found,
        // The start of the system waits two minutes for every card that is not optional.
        ...(index > 0 ? { optional: true } : {}),
        // Left out where it is off: old renderers ask only whether the key is there.
        ...(dhcp ? { dhcp4: true } : {}),
        ...(addresses.length > 0 ? { addresses } : {}),
        ...(gateway ? route(gateway) : {}),
        ...(dns.length > 0 ? { nameservers: { addresses: dns } } : {}),
      },
    ];
  });
  return { version: 2, ethernets: Object.fromEntries(entries) };
}

/** Never `default`, which netplan alone takes, and not before 0.103. */
const defaultRoute = (gateway: string): object => ({
  routes: [{ to: isIpv6(gateway) ? '::/0' : '0.0.0.0/0', via: gateway }],
});

/** Every version takes these keys; from 22.4 on they are deprecated. */
const gatewayKey = (gateway: string): object => ({ [isIpv6(gateway) ? 'gateway6' : 'gateway4']: gateway });

/** @param version null: newer than any */
function isBefore(version: string | null, limit: string): boolean {
  if (version === null) return false;
  const [year = 0, release = 0] = version.split('.').map(Number);
  const [limitYear = 0, limitRelease = 0] = limit.split('.').map(Number);
  return year < limitYear || (year === limitYear && release < limitRelease);
}

/** Whether a card has addresses, and none of IPv4. */
export const isIpv6Only = ({ dhcp, addresses }: NetworkInterface): boolean =>
  !dhcp && addresses.length > 0 && addresses.every(isIpv6);

/** Of an address or a prefix that the request's rules have passed. */
export const isIpv6 = (address: string): boolean => address.includes(':');

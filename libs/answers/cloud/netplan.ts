import { z } from 'zod';
import type { FaultBelow } from '#protocol';
import { didYouMean } from '../fault.js';
import {
  checked,
  either,
  filled,
  flag,
  form,
  list,
  mapping,
  named,
  text,
  whole,
  word,
} from '../yaml/schema.js';
import { addressFault, cidrFault, contains, family } from './addresses.js';

/**
 * Netplan version 2, every key of its reference; what Ubuntu's installer takes as `network` and cloud-init as
 * `network-config`.
 */

const address = checked(addressFault);
const cidr = checked(cidrFault);
/** Of Ethernet, or InfiniBand's twenty bytes. */
export const macAddress = form(
  /^([0-9A-Fa-f]{2}:){5}(([0-9A-Fa-f]{2}:){14})?[0-9A-Fa-f]{2}$/,
  'is not a MAC address',
  'write it as in 52:54:00:12:34:56, in quotes',
);
const numberOrText = either(whole, text, 'must be a number');
const flagOrText = either(flag, text, 'must be a boolean or a word');

const dhcpOverrides = mapping({
  'use-dns': flag.optional(),
  'use-ntp': flag.optional(),
  'send-hostname': flag.optional(),
  'use-hostname': flag.optional(),
  'use-mtu': flag.optional(),
  hostname: text.optional(),
  'use-routes': flag.optional(),
  'route-metric': whole.optional(),
  'use-domains': flagOrText.optional(),
});

const route = mapping(
  {
    to: checked((value) =>
      value === 'default' ? null : cidrFault(value) && addressFault(value) ? cidrFault(value) : null,
    ),
    via: address.optional(),
    from: text.optional(),
    'on-link': flag.optional(),
    metric: whole.optional(),
    type: word(
      [
        'unicast',
        'anycast',
        'blackhole',
        'broadcast',
        'local',
        'multicast',
        'nat',
        'prohibit',
        'throw',
        'unreachable',
        'xresolve',
      ],
      'route type',
    ).optional(),
    scope: word(['global', 'link', 'host'], 'route scope').optional(),
    table: whole.optional(),
    mtu: whole.optional(),
    'congestion-window': whole.optional(),
    'advertised-receive-window': whole.optional(),
    'advertised-mss': whole.optional(),
  },
  ({ to, via }, add) => {
    if (
      typeof to === 'string' &&
      typeof via === 'string' &&
      to !== 'default' &&
      family(to) !== family(via) &&
      family(to) &&
      family(via)
    )
      add({
        path: ['via'],
        message: 'is an address of another family than the route',
        remedy: 'give a gateway of the same family',
      });
  },
);

const policy = mapping({
  from: text.optional(),
  to: text.optional(),
  table: whole.optional(),
  priority: whole.optional(),
  mark: whole.optional(),
  'type-of-service': whole.optional(),
});

const addressWithOptions = either(
  cidr,
  named(
    mapping({ lifetime: either(whole, text, 'must be 0 or forever').optional(), label: text.optional() }),
  ),
  'must be an address with its prefix length, such as 192.0.2.10/24',
);

/** What every kind of device has. */
const device = {
  renderer: word(['networkd', 'NetworkManager', 'sriov'], 'renderer').optional(),
  dhcp4: flag.optional(),
  dhcp6: flag.optional(),
  'ipv6-mtu': whole.optional(),
  'ipv6-privacy': flag.optional(),
  'link-local': list(word(['ipv4', 'ipv6'], 'address family')).optional(),
  'ignore-carrier': flag.optional(),
  critical: flag.optional(),
  'dhcp-identifier': word(['duid', 'mac'], 'DHCP identifier').optional(),
  'dhcp4-overrides': dhcpOverrides.optional(),
  'dhcp6-overrides': dhcpOverrides.optional(),
  'accept-ra': flag.optional(),
  'ra-overrides': dhcpOverrides.optional(),
  addresses: list(addressWithOptions).optional(),
  'ipv6-address-generation': word(['eui64', 'stable-privacy'], 'way to make addresses').optional(),
  'ipv6-address-token': text.optional(),
  gateway4: address.optional(),
  gateway6: address.optional(),
  nameservers: mapping({ search: list(filled).optional(), addresses: list(address).optional() }).optional(),
  macaddress: either(
    macAddress,
    word(['permanent', 'random', 'preserve', 'stable'], 'MAC address'),
    'is not a MAC address',
  ).optional(),
  mtu: whole.optional(),
  optional: flag.optional(),
  'optional-addresses': list(text).optional(),
  'activation-mode': word(['manual', 'off'], 'activation mode').optional(),
  routes: list(route).optional(),
  'routing-policy': list(policy).optional(),
  'neigh-suppress': flag.optional(),
  hairpin: flag.optional(),
  'port-mac-learning': flag.optional(),
  networkmanager: z.unknown().optional(),
  openvswitch: z.unknown().optional(),
};

const OFFLOADS = [
  'receive-checksum-offload',
  'transmit-checksum-offload',
  'tcp-segmentation-offload',
  'tcp6-segmentation-offload',
  'generic-segmentation-offload',
  'generic-receive-offload',
  'large-receive-offload',
];
const physical = {
  ...device,
  match: mapping({
    name: filled.optional(),
    macaddress: macAddress.optional(),
    driver: either(filled, list(filled), 'must be a driver name or a list of them').optional(),
  }).optional(),
  'set-name': filled.optional(),
  wakeonlan: flag.optional(),
  'emit-lldp': flag.optional(),
  ...Object.fromEntries(OFFLOADS.map((name) => [name, flag.optional()])),
};

const bondParameters = mapping({
  mode: word(
    [
      'balance-rr',
      'active-backup',
      'balance-xor',
      'broadcast',
      '802.3ad',
      'balance-tlb',
      'balance-alb',
      'balance-tcp',
      'balance-slb',
    ],
    'bond mode',
  ).optional(),
  'lacp-rate': word(['slow', 'fast'], 'LACP rate').optional(),
  'mii-monitor-interval': numberOrText.optional(),
  'min-links': whole.optional(),
  'transmit-hash-policy': text.optional(),
  'ad-select': text.optional(),
  'all-slaves-active': flag.optional(),
  'all-members-active': flag.optional(),
  'arp-interval': numberOrText.optional(),
  'arp-ip-targets': list(address).optional(),
  'arp-validate': text.optional(),
  'arp-all-targets': text.optional(),
  'up-delay': numberOrText.optional(),
  'down-delay': numberOrText.optional(),
  'fail-over-mac-policy': text.optional(),
  'gratuitous-arp': whole.optional(),
  'gratuitious-arp': whole.optional(),
  'packets-per-slave': whole.optional(),
  'packets-per-member': whole.optional(),
  'primary-reselect-policy': text.optional(),
  'resend-igmp': whole.optional(),
  'learn-packet-interval': numberOrText.optional(),
  primary: text.optional(),
});
const bridgeParameters = mapping({
  'ageing-time': numberOrText.optional(),
  'aging-time': numberOrText.optional(),
  priority: whole.optional(),
  'port-priority': named(whole).optional(),
  'forward-delay': numberOrText.optional(),
  'hello-time': numberOrText.optional(),
  'max-age': numberOrText.optional(),
  'path-cost': named(whole).optional(),
  stp: flag.optional(),
});

const auth = z.unknown();
const KINDS: Record<string, z.ZodType> = {
  ethernets: mapping(
    {
      ...physical,
      link: text.optional(),
      'virtual-function-count': whole.optional(),
      'delay-virtual-functions-rebind': flag.optional(),
      'embedded-switch-mode': text.optional(),
      'infiniband-mode': text.optional(),
      auth: auth.optional(),
    },
    deviceRules,
  ),
  wifis: mapping(
    {
      ...physical,
      'regulatory-domain': text.optional(),
      wakeonwlan: z.unknown().optional(),
      'access-points': named(z.unknown()),
      auth: auth.optional(),
    },
    deviceRules,
  ),
  bonds: mapping(
    { ...device, interfaces: list(filled).optional(), parameters: bondParameters.optional() },
    deviceRules,
  ),
  bridges: mapping(
    { ...device, interfaces: list(filled).optional(), parameters: bridgeParameters.optional() },
    deviceRules,
  ),
  vlans: mapping(
    { ...device, id: whole.min(0, 'must be 0 to 4094').max(4094, 'must be 0 to 4094'), link: filled },
    deviceRules,
  ),
};
/** Kinds that no seed of ours uses: known by name, not checked further. */
const OTHER_KINDS = ['tunnels', 'vrfs', 'modems', 'nm-devices', 'dummy-devices', 'virtual-ethernets'];

/** The mapping below `network:`, which cloud-init and Subiquity also take without that word. */
export const netplan = mapping(
  {
    version: z.literal(2, { error: ({ input }) => (input === undefined ? 'is missing' : 'must be 2') }),
    renderer: word(['networkd', 'NetworkManager'], 'renderer').optional(),
    ...Object.fromEntries(Object.entries(KINDS).map(([kind, schema]) => [kind, named(schema).optional()])),
    ...Object.fromEntries(OTHER_KINDS.map((kind) => [kind, named(z.unknown()).optional()])),
    openvswitch: z.unknown().optional(),
  },
  networkRules,
);

type Fields = Record<string, unknown>;
const record = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};
const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];

/** A gateway that no address of the device reaches makes a machine without a route. */
function deviceRules(fields: Fields, add: (fault: FaultBelow) => void): void {
  const addresses = strings(fields['addresses']);
  const check = (gateway: unknown, path: PropertyKey[]): void => {
    if (typeof gateway !== 'string' || addressFault(gateway)) return;
    const kind = family(gateway);
    if (kind === 6 || fields['dhcp4'] === true) return;
    const own = addresses.filter((address) => family(address) === kind && !cidrFault(address));
    if (own.length > 0 && !own.some((address) => contains(address, gateway)))
      add({
        path,
        message: `${gateway} is in no network of this interface (${own.join(', ')})`,
        remedy: 'correct the gateway or the prefix length, or set on-link: true',
      });
  };
  check(fields['gateway4'], ['gateway4']);
  (Array.isArray(fields['routes']) ? fields['routes'] : []).forEach((entry: unknown, index) => {
    const { via, 'on-link': onLink } = record(entry);
    if (onLink !== true) check(via, ['routes', index, 'via']);
  });
  const seen = new Set<string>();
  addresses.forEach((entry, index) => {
    const bare = entry.split('/')[0] ?? '';
    if (seen.has(bare))
      add({ path: ['addresses', index], message: `${bare} stands twice`, remedy: 'keep one' });
    seen.add(bare);
  });
}

/** Pairs of ports that Open vSwitch makes: members of bonds and bridges too. */
function patchPorts(network: Fields): string[] {
  const ports = record(network['openvswitch'])['ports'];
  return Array.isArray(ports) ? ports.flatMap((pair) => strings(pair)) : [];
}

/** What ties devices together: members that exist, one address on one device. */
function networkRules(network: Fields, add: (fault: FaultBelow) => void): void {
  const kinds = [...Object.keys(KINDS), ...OTHER_KINDS];
  const devices = kinds.flatMap((kind) =>
    Object.entries(record(network[kind])).map(([name, fields]) => ({ kind, name, fields: record(fields) })),
  );
  const names = [...devices.map(({ name }) => name), ...patchPorts(network)];
  const owner = new Map<string, string>();
  for (const { kind, name, fields } of devices) {
    const refer = (other: string, path: PropertyKey[]): void => {
      if (!names.includes(other))
        add({
          path: [kind, name, ...path],
          message: `${JSON.stringify(other)} is defined nowhere in this network`,
          remedy: didYouMean(other, names, 'define it, or correct its name'),
        });
    };
    if (kind === 'bonds' || kind === 'bridges')
      strings(fields['interfaces']).forEach((other, index) => refer(other, ['interfaces', index]));
    if (kind === 'vlans' && typeof fields['link'] === 'string') refer(fields['link'], ['link']);
    strings(fields['addresses']).forEach((entry, index) => {
      const bare = entry.split('/')[0] ?? '';
      const other = owner.get(bare);
      if (other !== undefined && other !== name)
        add({
          path: [kind, name, 'addresses', index],
          message: `${bare} is an address of ${other} too`,
          remedy: 'give each interface its own',
        });
      owner.set(bare, name);
    });
  }
}

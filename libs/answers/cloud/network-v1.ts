import { z } from 'zod';
import { checked, either, filled, flag, list, mapping, tagged, text, whole, word } from '../yaml/schema.js';
import { addressFault, cidrFault } from './addresses.js';
import { macAddress } from './netplan.js';

const address = checked(addressFault);
const oneOrMore = either(address, list(address), 'must be an address or a list of them');
const route = mapping({
  network: filled.optional(),
  destination: filled.optional(),
  netmask: text.optional(),
  gateway: address.optional(),
  metric: whole.optional(),
});

const subnet = mapping(
  {
    type: word(
      [
        'dhcp',
        'dhcp4',
        'dhcp6',
        'static',
        'static6',
        'manual',
        'ipv6_slaac',
        'ipv6_dhcpv6-stateless',
        'ipv6_dhcpv6-stateful',
      ],
      'subnet type',
    ),
    control: word(['auto', 'manual', 'hotplug'], 'control').optional(),
    address: checked((value) =>
      cidrFault(value) && addressFault(value) ? cidrFault(value) : null,
    ).optional(),
    netmask: text.optional(),
    gateway: address.optional(),
    dns_nameservers: oneOrMore.optional(),
    dns_search: either(filled, list(filled), 'must be a domain or a list of them').optional(),
    routes: list(route).optional(),
    ipv4: flag.optional(),
    ipv6: flag.optional(),
  },
  ({ type, address: given }, add) => {
    if ((type === 'static' || type === 'static6') && given === undefined)
      add({ path: ['address'], message: 'is missing: the subnet is static', remedy: 'add it' });
  },
);

const device = {
  name: filled,
  mac_address: macAddress.optional(),
  mtu: whole.optional(),
  subnets: list(subnet).optional(),
  accept_ra: flag.optional(),
};
const kinds = {
  physical: mapping({ type: text, ...device }),
  loopback: mapping({ type: text, ...device }),
  bond: mapping({ type: text, ...device, bond_interfaces: list(filled), params: z.unknown().optional() }),
  bridge: mapping({ type: text, ...device, bridge_interfaces: list(filled), params: z.unknown().optional() }),
  vlan: mapping({ type: text, ...device, vlan_link: filled, vlan_id: whole }),
  nameserver: mapping({
    type: text,
    address: oneOrMore,
    search: either(filled, list(filled), 'must be a domain or a list of them').optional(),
    interface: text.optional(),
  }),
  route: mapping({
    type: text,
    destination: filled,
    netmask: text.optional(),
    gateway: address.optional(),
    metric: whole.optional(),
  }),
};

/** cloud-init's own network format ("Networking config Version 1"). */
export const networkVersion1 = mapping({
  version: z.literal(1, { error: 'must be 1' }),
  config: list(tagged('type', kinds, 'network device')),
});

import type { Fault, NetworkInterface } from '#protocol';

/** A gateway is in a network that the machine has an address of. */
export function gatewayFaults(network: readonly NetworkInterface[]): Fault[] {
  return network.flatMap(({ gateway, addresses }, index) =>
    gateway === undefined || addresses.length > 0
      ? []
      : [
          {
            path: `network.${index}.gateway`,
            message: 'needs an address of the same network',
            remedy: 'give addresses, or leave the gateway to DHCP',
          },
        ],
  );
}

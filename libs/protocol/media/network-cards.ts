import { createHash } from 'node:crypto';
import type { MediaRequest } from './request-fields.js';

export type NetworkInterface = Exclude<MediaRequest['network'], 'none'>[number];

/** A network card of the machine. */
export interface NetworkCard {
  /** Lower case, colons between. */
  mac: string;
  /** What the request says of it; null: nothing, the system asks DHCP. */
  asked: NetworkInterface | null;
}

/** The interfaces that a request names, in order. */
export const interfacesOf = ({ network }: Pick<MediaRequest, 'network'>): NetworkInterface[] =>
  network === 'none' ? [] : network;

/**
 * The cards of a machine in order, the same in every form of the plan and in the seed: one for each interface
 * of the request; one when it names none; none when it says so.
 */
export function networkCards({ vmId, network }: Pick<MediaRequest, 'vmId' | 'network'>): NetworkCard[] {
  const interfaces = interfacesOf({ network });
  if (network !== 'none' && interfaces.length === 0) return [{ mac: machineMac(vmId, 0), asked: null }];
  return interfaces.map((asked, index) => ({
    mac: 'mac' in asked.match ? asked.match.mac : machineMac(vmId, index),
    asked,
  }));
}

/**
 * A locally administered address (IEEE 802: the second bit of the first octet) that is the same each time it
 * is asked for: of 2^40, so that two of 10,000 cards are the same once in 20,000 fleets.
 */
function machineMac(vmId: string, index: number): string {
  const digest = createHash('sha256').update(`${vmId}/${index}`).digest('hex').slice(0, 10);
  return ['02', ...(digest.match(/../g) ?? [])].join(':');
}

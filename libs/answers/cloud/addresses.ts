import { z } from 'zod';

const v4 = z.ipv4();
const v6 = z.ipv6();
const cidr4 = z.cidrv4();
const cidr6 = z.cidrv6();

interface Finding {
  message: string;
  remedy: string;
}

/** What is wrong with an IP address without a prefix length, or null. */
export function addressFault(value: string): Finding | null {
  if (v4.safeParse(value).success || v6.safeParse(value).success) return null;
  return value.includes('/') && cidrFault(value) === null
    ? {
        message: `${JSON.stringify(value)} must be an address without a prefix length`,
        remedy: 'leave out the / and what follows',
      }
    : {
        message: `${JSON.stringify(value)} is not an IP address`,
        remedy: 'give an address such as 192.0.2.1',
      };
}

/** What is wrong with an address and its prefix length, or null. */
export function cidrFault(value: string): Finding | null {
  if (cidr4.safeParse(value).success || cidr6.safeParse(value).success) return null;
  return isAddress(value)
    ? {
        message: `${JSON.stringify(value)} has no prefix length`,
        remedy: `write ${value}/24, or what the network has`,
      }
    : {
        message: `${JSON.stringify(value)} is not an address with its prefix length`,
        remedy: 'give one such as 192.0.2.10/24: four numbers to 255, prefix to 32 (IPv6: 128)',
      };
}
const isAddress = (value: string): boolean => v4.safeParse(value).success || v6.safeParse(value).success;

/** 4, 6 or undefined for the address before a slash. */
export function family(value: string): 4 | 6 | undefined {
  const bare = value.split('/')[0] ?? '';
  if (v4.safeParse(bare).success) return 4;
  return v6.safeParse(bare).success ? 6 : undefined;
}

/** An IPv4 address as a number. */
export const ipv4Number = (address: string): number =>
  address.split('.').reduce((number, part) => number * 256 + Number(part), 0);

/** Whether an IPv4 address is in the network of another, which has its prefix length. */
export function contains(cidr: string, address: string): boolean {
  const [base = '', prefix = '32'] = cidr.split('/');
  const size = 2 ** (32 - Number(prefix));
  return Math.floor(ipv4Number(base) / size) === Math.floor(ipv4Number(address) / size);
}

/** What is wrong with an IPv4 netmask, or null: ones, then zeros. */
export function netmaskFault(value: string): Finding | null {
  const bits = v4.safeParse(value).success ? ipv4Number(value).toString(2).padStart(32, '0') : '';
  return /^1+0*$/.test(bits)
    ? null
    : { message: `${JSON.stringify(value)} is not a netmask`, remedy: 'give one such as 255.255.255.0' };
}

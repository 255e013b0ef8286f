import { z } from 'zod';
import { displayName, inputValues, uuid, wireTime } from '../api/fields.js';
import { ExecutionDto } from '../api/executions.js';
import {
  isKeyboardLayout,
  isLocale,
  isSystemName,
  isTimeZone,
  nearest,
  KEYBOARD_LAYOUTS,
  LOCALES,
  timeZones,
} from './names.js';

/** A field whose value comes from a list; a wrong one names the nearest known. */
const known = (check: (value: string) => boolean, names: () => readonly string[], what: string) =>
  z
    .string()
    .max(128)
    .superRefine((value, context) => {
      if (check(value)) return;
      const near = nearest(value, names());
      context.addIssue({
        code: 'custom',
        message: `${JSON.stringify(value.slice(0, 40))} is not a known ${what}`,
        params: { remedy: near ? `did you mean ${near}?` : `give a ${what}` },
      });
    });

/** RFC 1123 label(s). */
const hostname = z
  .string()
  .max(253)
  .regex(
    /^(?=.{1,63}(\.|$))[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/,
    'must be a host name: lower-case letters, digits and hyphens, labels of at most 63 characters',
  );

const macAddress = z
  .string()
  .regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i, 'must be a MAC address such as 52:54:00:12:34:56')
  .transform((mac) => mac.toLowerCase());

const ipv4 = z.ipv4();
const ipv6 = z.ipv6();
const ip = z.union([ipv4, ipv6], { error: 'must be an IP address' });
const cidr = z.union([z.cidrv4(), z.cidrv6()], {
  error: 'must be an address with its prefix length, such as 192.0.2.10/24',
});

const sshKey = z
  .string()
  .max(16_384)
  .regex(
    /^(ssh-(ed25519|rsa|dss)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) [A-Za-z0-9+/]+={0,3}( [^\p{Cc}]*)?$/u,
    'must be one OpenSSH public key on one line',
  );

/** glibc's crypt(3) SHA-512, SHA-256 or yescrypt. */
const passwordHash = z
  .string()
  .max(256)
  .regex(/^\$(6|5|y)\$[./A-Za-z0-9=$,]{8,}$/, 'must be a crypt hash such as mkpasswd -m sha-512 makes');

const user = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'must be a Linux user name: lower-case letters, digits, _ and -')
      .refine(
        (name) => !isSystemName(name),
        'is a name that the system itself uses; choose another, and set admin for one that may do everything',
      ),
    password: z
      .string()
      .min(1)
      .max(256)
      .regex(/^[^\0\r\n]*$/, 'must not contain line breaks or NUL')
      .optional(),
    passwordHash: passwordHash.optional(),
    sshKeys: z.array(sshKey).max(64).default([]),
    admin: z.boolean().default(true),
  })
  .superRefine((value, context) => {
    if (value.password !== undefined && value.passwordHash !== undefined) {
      context.addIssue({
        code: 'custom',
        path: ['passwordHash'],
        message: 'password and passwordHash are both given',
        params: { remedy: 'keep one' },
      });
    }
  });

const networkInterface = z
  .strictObject({
    match: z.union(
      [
        z.strictObject({ mac: macAddress }),
        z.strictObject({ name: z.string().regex(/^[A-Za-z0-9._*-]{1,15}$/, 'must be an interface name') }),
      ],
      {
        error: 'must be { mac } or { name }',
      },
    ),
    dhcp: z.boolean().optional(),
    addresses: z.array(cidr).max(32).default([]),
    gateway: ip.optional(),
    dns: z.array(ip).max(8).default([]),
  })
  .transform((net) => ({ ...net, dhcp: net.dhcp ?? net.addresses.length === 0 }));

const diskMatch = z.union(
  [
    z.strictObject({ serial: z.string().regex(/^[\w.-]{1,64}$/) }),
    z.strictObject({ minBytes: z.number().int().min(1), maxBytes: z.number().int().min(1) }),
    z.strictObject({ bus: z.enum(['virtio', 'scsi', 'sata', 'nvme']) }),
  ],
  { error: 'must be { serial }, { minBytes, maxBytes } or { bus }' },
);

const httpUrl = z
  .string()
  .max(2048)
  .refine((text) => {
    try {
      const url = new URL(text);
      return (
        (url.protocol === 'http:' || url.protocol === 'https:') && url.username === '' && url.password === ''
      );
    } catch {
      return false;
    }
  }, 'must be an http(s) URL without user and password');

export const OS_FAMILIES = ['windows', 'ubuntu', 'fedora', 'rhel', 'rocky', 'alma'] as const;

/** The body of `POST /media` and of `media.create`. */
export const MediaRequest = z.strictObject({
  vmId: uuid,
  hostname,
  os: z.strictObject({
    family: z.enum(OS_FAMILIES, { error: `must be one of ${OS_FAMILIES.join(', ')}` }),
    version: z.string().regex(/^[\w.]{1,16}$/, 'must be a version such as 24.04'),
    edition: displayName.optional(),
    architecture: z.enum(['x86_64', 'aarch64']).default('x86_64'),
  }),
  firmware: z.enum(['uefi', 'bios']).default('uefi'),
  users: z.array(user).max(32).default([]),
  locale: known(isLocale, () => LOCALES, 'locale').default('en-US'),
  keyboard: z
    .strictObject({
      layout: known(isKeyboardLayout, () => KEYBOARD_LAYOUTS, 'keyboard layout'),
      variant: z
        .string()
        .regex(/^[\w-]{1,32}$/)
        .optional(),
    })
    .default({ layout: 'us' }),
  timezone: known(isTimeZone, timeZones, 'time zone').default('UTC'),
  network: z.array(networkInterface).max(16).default([]),
  disk: z
    .strictObject({ match: diskMatch.optional(), layout: z.enum(['plain', 'lvm']).default('plain') })
    .default({ layout: 'plain' }),
  packages: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9+.-]{0,127}$/, 'must be a package name'))
    .max(256)
    .default([]),
  mirror: httpUrl.optional(),
  proxy: httpUrl.optional(),
  productKey: z
    .string()
    .regex(/^([A-Z0-9]{5}-){4}[A-Z0-9]{5}$/)
    .optional(),
  virtioDrivers: z.string().max(4096).optional(),
  vendorIso: z
    .string()
    .max(4096)
    .regex(/^\/[^\0\n]*$/, 'must be an absolute path')
    .optional(),
  firstBootScripts: z
    .array(
      z.strictObject({
        scriptId: uuid,
        inputs: inputValues.default({}),
        order: z.number().int().min(0).max(1_000_000).optional(),
      }),
    )
    .max(256)
    .default([]),
  source: z
    .enum(['installer', 'cloud-image'], { error: 'must be installer or cloud-image' })
    .default('installer'),
  delivery: z.enum(['seed', 'chain', 'direct-kernel', 'remaster']).default('seed'),
  replace: z.boolean().default(false),
});
export type MediaRequest = z.output<typeof MediaRequest>;

/** What the media app stores and the bus carries: no plaintext password. */
export const SealedMediaRequest = MediaRequest.superRefine((request, context) => {
  request.users.forEach((entry, index) => {
    if (entry.password !== undefined) {
      context.addIssue({
        code: 'custom',
        path: ['users', index, 'password'],
        message: 'a plain password does not cross the bus',
        params: { remedy: 'send passwordHash' },
      });
    }
  });
});

/** A device that the hypervisor attaches for the installation. */
export const PlanDevice = z.object({
  role: z.enum(['system-disk', 'seed', 'vendor-iso', 'channel']),
  bus: z.enum(['virtio', 'sata', 'virtio-serial']),
  kind: z.enum(['disk', 'cdrom', 'serial-port']),
  /** Boot order, lower first; null: never booted from. */
  bootindex: z.number().int().nullable(),
  path: z.string(),
});

export const MediaPlan = z.object({
  devices: z.array(PlanDevice),
  /** Direct kernel boot for the first start only; null when the disk boots by itself. */
  kernel: z
    .object({ kernel: z.string(), initrd: z.string(), arguments: z.string(), from: z.string() })
    .nullable(),
  steps: z.array(z.object({ when: z.string(), do: z.string() })),
  /** QEMU arguments, one list entry an argument; placeholders {disk}, {vendorIso}, {seed}. */
  qemu: z.array(z.string()),
  /** A whole domain; the system disk is looked for in libvirt's default pool under the host name. */
  libvirtXml: z.string(),
});
export type MediaPlan = z.output<typeof MediaPlan>;

export const MediaFile = z.object({
  name: z.string(),
  kind: z.string(),
  /** Bytes. */
  size: z.number().int(),
  sha256: z.string(),
  url: z.string(),
});
export type MediaFile = z.output<typeof MediaFile>;

export const MediaResult = z.object({
  id: z.uuid(),
  machineId: z.uuid(),
  createdAt: wireTime,
  expiresAt: wireTime,
  files: z.array(MediaFile),
  plan: MediaPlan,
  executions: z.array(ExecutionDto),
});
export type MediaResult = z.output<typeof MediaResult>;

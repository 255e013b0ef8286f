import { z } from 'zod';
import { displayName, inputValues, uuid } from '../api/fields.js';
import {
  isKeyboardLayout,
  isLocale,
  KEYBOARD_LAYOUTS,
  LOCALES,
  meantLayout,
  meantLocale,
} from './locales-and-keyboards.js';
import { nearest } from '../nearest.js';
import { dbInt, dbNumber, dbText } from '../storable.js';
import { DELIVERY_NAMES } from './deliveries.js';
import { USUAL_WINDOWS_DRIVERS, WINDOWS_DRIVERS } from './windows-drivers.js';
import { IPV6 } from './ipv6-pattern.js';
import { isTimeZone, timeZones } from '../time-zones.js';

/**
 * What XML, UTF-8 and every installer can carry: no control characters, halves of surrogate pairs or the two
 * that are none (XML 1.0, "Char").
 */
const TEXT = /^[^\p{Cc}\p{Cs}\uFFFE\uFFFF]*$/u;

/** A file on the media app's machine; the path also stands in the plan's XML. */
const absolutePath = dbText(
  4096,
  /^\/[^\p{Cc}\p{Cs}\uFFFE\uFFFF]*$/u,
  'must be an absolute path without control characters',
);

interface Known {
  /** As people call it. */
  what: string;
  check: (value: string) => boolean;
  names: () => readonly string[];
  /** For whoever wrote what is near to none of them. */
  example: string;
  /** What somebody meant by another word. */
  meant?: (value: string) => string | null;
}

/** A field whose value comes from a list; a wrong one names the nearest known. */
const known = ({ what, check, names, example, meant }: Known) =>
  dbText(128)
    .superRefine((value, context) => {
      if (check(value)) return;
      const near = meant?.(value) ?? nearest(value, names());
      context.addIssue({
        code: 'custom',
        message: `${JSON.stringify(value.slice(0, 40))} is not a known ${what}`,
        params: { remedy: near ? `did you mean ${near}?` : `give a ${what} such as ${example}` },
      });
    })
    .meta({ examples: [example] });

/** RFC 1123 label(s). */
const hostname = dbText(
  253,
  /^(?=.{1,63}(\.|$))[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/,
  'must be a host name: lower-case letters, digits and hyphens, labels of at most 63 characters',
);

const macAddress = dbText(
  17,
  /^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$/,
  'must be a MAC address such as 52:54:00:12:34:56',
).transform((mac) => mac.toLowerCase());

const ip = z.union([z.ipv4(), z.ipv6().meta({ pattern: `^${IPV6}$` })], { error: 'must be an IP address' });
const cidr = z.union(
  [z.cidrv4(), z.cidrv6().meta({ pattern: `^${IPV6}/(12[0-8]|1[01][0-9]|[1-9]?[0-9])$` })],
  {
    error: 'must be an address with its prefix length, such as 192.0.2.10/24',
  },
);

const sshKey = dbText(
  16_384,
  /^(ssh-(ed25519|rsa|dss)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) [A-Za-z0-9+/]{16,}={0,3}( [^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]*)?$/u,
  'must be one OpenSSH public key on one line',
);

/** glibc's crypt(3) SHA-512, SHA-256 or yescrypt. */
const passwordHash = dbText(
  256,
  /^\$([56]\$(rounds=\d{1,9}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{43,}|y\$[./A-Za-z0-9$,]{20,})$/,
  'must be a crypt hash such as mkpasswd -m sha-512 makes',
);

/**
 * Windows' answer file needs the password itself: sealed under SECRETS_KEY (`v1.`, by the suite) or to its
 * public key (`x1.`, see `sealPassword`).
 */
const passwordSealed = dbText(
  1024,
  /^[vx]1\.[A-Za-z0-9_-]{16,}$/,
  'must be a sealed password, as sealPassword or POST /api/sealed-passwords makes it',
).meta({
  description:
    'Windows: a password sealed to the public key of GET /api/sealing-key, by sealPassword of this package or POST /api/sealed-passwords.',
});

export const userName = dbText(32, TEXT, 'must not contain control characters or halves of one').min(
  1,
  'must not be empty',
);

/** A password in plain text. */
export const plainPassword = dbText(127, TEXT, 'must not contain control characters or halves of one').min(
  1,
  'must not be empty',
);

/** JSON Schema of an object that has all of these fields, whatever is in them. */
const having = (...names: string[]) => ({
  properties: Object.fromEntries(names.map((name) => [name, {}])),
  required: names,
});

/** Which names are allowed depends on the family; see `checkFamilyRules`. */
const user = z
  .strictObject({
    name: userName,
    /**
     * Becomes a crypt hash (Linux) or is sealed (Windows) where it arrives; it is never stored, logged or
     * sent on.
     */
    password: plainPassword.optional(),
    passwordHash: passwordHash.optional(),
    passwordSealed: passwordSealed.optional(),
    sshKeys: z.array(sshKey).max(64).default([]),
    admin: z.boolean().default(true),
  })
  .superRefine((value, context) => {
    const { password, passwordHash, passwordSealed } = value;
    if ([password, passwordHash, passwordSealed].filter((given) => given !== undefined).length > 1) {
      context.addIssue({
        code: 'custom',
        path: [passwordHash === undefined ? 'passwordSealed' : 'passwordHash'],
        message: 'password, passwordHash and passwordSealed are different forms of one thing',
        params: { remedy: 'keep one' },
      });
    }
  })
  .meta({
    id: 'MediaUser',
    description:
      'A user of the installed system. password, passwordHash and passwordSealed are different forms of one thing: at most one of them.',
    not: {
      anyOf: [
        having('password', 'passwordHash'),
        having('password', 'passwordSealed'),
        having('passwordHash', 'passwordSealed'),
      ],
    },
  });

const networkInterface = z
  .strictObject({
    match: z.union(
      [
        z.strictObject({ mac: macAddress }),
        z.strictObject({ name: dbText(15, /^[A-Za-z0-9._*-]{1,15}$/, 'must be an interface name') }),
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
  .transform((net) => ({ ...net, dhcp: net.dhcp ?? net.addresses.length === 0 }))
  .meta({ id: 'NetworkInterface', description: 'One interface; without addresses it asks DHCP.' });

const diskMatch = z
  .union(
    [
      z.strictObject({
        serial: dbText(64, /^[\w.-]{1,64}$/, 'must be a serial number: 1 to 64 letters, digits, _ . or -'),
      }),
      z.strictObject({ minBytes: dbNumber().int().min(1), maxBytes: dbNumber().int().min(1) }),
      z.strictObject({ bus: z.enum(['virtio', 'scsi', 'sata', 'nvme']) }),
    ],
    { error: 'must be { serial }, { minBytes, maxBytes } or { bus }' },
  )
  .meta({ id: 'DiskMatch', description: 'Which disk is installed on.' });

/**
 * The characters of RFC 3986 only: URLs go into files of apt and dnf, where a quote or a line end would begin
 * a setting of its own.
 */
const httpUrl = dbText(
  2048,
  /^https?:\/\/[\w\-.~:/?#[\]@!$&'()*+,;=%]+$/,
  'must begin with http:// or https://, without blanks, quotes and others than ASCII (write them as %20)',
)
  .refine((text) => {
    try {
      const url = new URL(text);
      return (
        (url.protocol === 'http:' || url.protocol === 'https:') && url.username === '' && url.password === ''
      );
    } catch {
      return false;
    }
  }, 'must be an http(s) URL without user and password')
  .meta({ not: { pattern: '^https?:/+[^/?#]*[^/?#:@][^/?#]*@' } });

/** What the hypervisor gives the machine. */
const resources = z
  .strictObject({
    cpus: dbInt(1, 512).default(2),
    memoryMiB: dbInt(512, 16_777_216).default(4096),
    /**
     * `host-model`: for machines that migrate; or a model by QEMU's name. Without it the machine has all that
     * its host's processor has.
     */
    cpu: dbText(
      64,
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
      'must be host-model or the name of a processor model of QEMU',
    ).optional(),
    /** Of the system's disk. */
    diskFormat: z.enum(['qcow2', 'raw']).default('qcow2'),
  })
  .default({ cpus: 2, memoryMiB: 4096, diskFormat: 'qcow2' })
  .meta({ description: 'What the hypervisor gives the machine.', examples: [{ cpus: 4, memoryMiB: 8192 }] });

/** One line of text for a file of shell settings and a line of a kickstart. */
const subscriptionWord = dbText(
  255,
  /^[!-~]([ -~]{0,253}[!-~])?$/,
  'must be 1 to 255 characters of ASCII, without a blank around it',
);

const rhsm = z
  .strictObject({
    organization: subscriptionWord,
    /** Secret: they go into the medium's install.env alone. */
    activationKeys: z
      .array(subscriptionWord.regex(/^[^,]*$/, 'must not hold a comma, which separates keys'))
      .min(1)
      .max(8),
  })
  .meta({
    id: 'RhsmSubscription',
    description: 'RHEL: registers the system with Red Hat by activation keys.',
    examples: [{ organization: '1234567', activationKeys: ['servers'] }],
  });

const image = z
  .strictObject({
    /** By what it can start. */
    firmware: z.enum(['uefi', 'bios', 'both']).optional(),
    cloudInit: dbText(
      9,
      /^\d{1,2}\.\d{1,2}(\.\d{1,3})?$/,
      'must be a version of cloud-init such as 22.1',
    ).optional(),
  })
  .meta({
    id: 'CloudImage',
    description: 'What a cloud image can do, where whoever asks knows it.',
    examples: [{ firmware: 'both', cloudInit: '24.4' }],
  });

export const OS_FAMILIES = ['windows', 'ubuntu', 'fedora', 'rhel', 'rocky', 'alma'] as const;

/** Each field by itself. */
export const RequestFields = z.strictObject({
  /** Of this model; raised when a field changes its meaning. */
  requestVersion: z.literal(1, { error: 'must be 1' }).default(1),
  vmId: uuid.describe('The id of the VM, chosen by whoever makes it.'),
  hostname: hostname.meta({ description: 'The name that the machine gives itself.', examples: ['web-1'] }),
  os: z
    .strictObject({
      family: z.enum(OS_FAMILIES, { error: `must be one of ${OS_FAMILIES.join(', ')}` }),
      version: dbText(16, /^[\w.]{1,16}$/, 'must be a version such as 24.04'),
      edition: displayName.optional(),
      architecture: z.enum(['x86_64', 'aarch64']).default('x86_64'),
    })
    .meta({
      description: 'What is installed.',
      examples: [{ family: 'ubuntu', version: '24.04' }],
    }),
  firmware: z.enum(['uefi', 'bios']).default('uefi'),
  users: z.array(user).max(32).default([]),
  locale: known({
    what: 'locale',
    check: isLocale,
    names: () => LOCALES,
    example: 'en-US',
    meant: meantLocale,
  })
    .meta({ enum: [...LOCALES] })
    .default('en-US'),
  keyboard: z
    .strictObject({
      layout: known({
        what: 'keyboard layout',
        check: isKeyboardLayout,
        names: () => KEYBOARD_LAYOUTS,
        example: 'us',
        meant: meantLayout,
      }).meta({ enum: [...KEYBOARD_LAYOUTS] }),
      variant: dbText(32, /^[\w-]{1,32}$/, 'must be a variant of the layout such as nodeadkeys').optional(),
    })
    .meta({ examples: [{ layout: 'us' }] })
    .default({ layout: 'us' }),
  timezone: known({ what: 'time zone', check: isTimeZone, names: timeZones, example: 'Europe/Berlin' })
    .meta({ pattern: '^[A-Za-z]+([/_+-][A-Za-z0-9_+-]+)*$' })
    .default('UTC'),
  network: z
    .union([z.literal('none'), z.array(networkInterface).max(16)], {
      error: 'must be a list of interfaces, or none',
    })
    .default([])
    .meta({
      description:
        'The interfaces in order, a card for each; [] is one card with DHCP, none is a machine without a card.',
    }),
  resources,
  disk: z
    .strictObject({
      /** Without it: the only disk that is there. */
      match: diskMatch.optional(),
      layout: z.enum(['plain', 'lvm']).default('plain'),
      /**
       * Whether a disk that holds partitions or file systems may be overwritten; otherwise the installation
       * stops before it writes.
       */
      wipe: z.boolean().default(false),
    })
    .default({ layout: 'plain', wipe: false }),
  packages: z
    .array(dbText(130, /^(@\^?)?[A-Za-z0-9][A-Za-z0-9+._-]{0,127}$/, 'must be a package name'))
    .max(256)
    .default([]),
  mirror: httpUrl.optional().meta({ examples: ['http://mirror.example/ubuntu'] }),
  proxy: httpUrl.optional().meta({ examples: ['http://proxy.example:3128'] }),
  productKey: dbText(
    29,
    /^([A-Z0-9]{5}-){4}[A-Z0-9]{5}$/,
    'must be a product key: five groups of five capital letters or digits, joined by hyphens',
  ).optional(),
  /** A virtio-win ISO, or the folder of one: an absolute path on the media app's machine. */
  virtioDrivers: absolutePath.optional().meta({ examples: ['/srv/iso/virtio-win.iso'] }),
  windows: z
    .strictObject({
      drivers: z
        .array(z.enum(WINDOWS_DRIVERS))
        .max(16)
        .default([...USUAL_WINDOWS_DRIVERS]),
      /** Runs `virtio-win-guest-tools.exe` of the driver tree on the installed system. */
      guestTools: z.boolean().default(false),
      /** LabConfig: setup looks for neither TPM, Secure Boot, memory nor processor. */
      bypassRequirements: z.boolean().default(false),
    })
    .optional(),
  rhsm: rhsm.optional(),
  image: image.optional(),
  vendorIso: absolutePath.optional().meta({ examples: ['/srv/iso/ubuntu-24.04.iso'] }),
  firstBootScripts: z
    .array(
      z.strictObject({
        scriptId: uuid,
        inputs: inputValues.default({}),
        order: dbInt(0, 1_000_000).optional(),
      }),
    )
    .max(256)
    .default([]),
  source: z
    .enum(['installer', 'cloud-image'], { error: 'must be installer or cloud-image' })
    .default('installer'),
  delivery: z.enum(DELIVERY_NAMES).default('seed'),
  replace: z.boolean().default(false),
});
export type MediaRequest = z.output<typeof RequestFields>;

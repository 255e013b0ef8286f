import { z } from 'zod';
import type { FaultBelow } from '#protocol';
import { APT_SHAPE, archiveUrl, proxyUrl } from '../cloud/apt.js';
import { cloudConfig, cryptHash, hostName, layoutFault, sshKey } from '../cloud/cloud-config.js';
import { netplan } from '../cloud/netplan.js';
import { localeFault } from '../names/glibc-locales.js';
import { zoneFault } from '../names/zones.js';
import {
  checked,
  chosen,
  either,
  filled,
  flag,
  form,
  list,
  mapping,
  named,
  tagged,
  text,
  word,
} from '../yaml/schema.js';
import { storage } from './storage.js';

/**
 * Subiquity's keys, strictly: the installer itself ignores an unknown key or stops at it, after the disk was
 * wiped or before. Source of the keys: "Autoinstall configuration reference manual" and
 * autoinstall-schema.json of the Subiquity project, as of 26.04.
 */

const commands = list(
  either(filled, list(text).min(1, 'must have a program'), 'must be a command: text, or a list of words'),
);

/** Sections that have a screen; the others run unasked whatever is said. */
const INTERACTIVE =
  '* locale refresh-installer keyboard source network proxy apt storage identity active-directory ubuntu-pro ssh drivers snaps zdevs'.split(
    ' ',
  );

const mirror = either(
  z.literal('country-mirror'),
  mapping({ uri: archiveUrl, arches: list(filled).optional() }),
  'must be country-mirror, or a mapping with the uri of an archive',
);

const apt = mapping(
  {
    ...APT_SHAPE,
    primary: list(
      either(z.literal('country-mirror'), z.looseObject({}), 'must be a mirror: a mapping'),
    ).optional(),
    'mirror-selection': mapping({ primary: list(mirror) }).optional(),
    fallback: word(['abort', 'offline-install', 'continue-anyway'], 'fallback').optional(),
    geoip: flag.optional(),
    disable_components: list(filled).optional(),
    preferences: list(
      mapping({ package: filled, pin: filled, 'pin-priority': z.int({ error: 'must be a whole number' }) }),
    ).optional(),
  },
  (fields, add) => {
    if (fields['primary'] !== undefined && fields['mirror-selection'] !== undefined)
      add({
        path: ['primary'],
        message: 'stands beside mirror-selection, which has its own primary',
        remedy: 'keep one of them',
      });
  },
);

const identity = mapping({
  realname: text.optional(),
  username: form(
    /^[a-z_][a-z0-9_-]{0,31}$/,
    'is not a Linux user name',
    'use lower-case letters, digits, _ and -, at most 32 characters, beginning with a letter',
  ),
  hostname: hostName,
  password: cryptHash,
  groups: either(
    list(filled),
    mapping(
      { override: list(filled).optional(), append: list(filled).optional() },
      ({ override, append }, add) => {
        if (override !== undefined && append !== undefined)
          add({ path: [], message: 'override and append exclude each other', remedy: 'keep one' });
      },
    ),
    'must be a list of groups, or override or append with one',
  ).optional(),
});

const reporter = tagged(
  'type',
  {
    print: mapping({ type: text }),
    none: mapping({ type: text }),
    log: mapping({ type: text, level: text.optional() }),
    rsyslog: mapping({ type: text, destination: filled }),
    webhook: mapping({
      type: text,
      endpoint: form(/^https?:\/\/\S+$/, 'is not an http(s) URL', 'give the URL that takes the reports'),
      consumer_key: text.optional(),
      consumer_secret: text.optional(),
      token_key: text.optional(),
      token_secret: text.optional(),
      level: word(
        ['DEBUG', 'INFO', 'WARNING', 'WARN', 'ERROR', 'CRITICAL', 'FATAL', 'NOTSET'],
        'level',
      ).optional(),
      retries: z.int({ error: 'must be a whole number' }).optional(),
      timeout: z.number({ error: 'must be a number of seconds' }).optional(),
    }),
  },
  'reporter',
);

/** Subiquity takes it with and without the word `network` around it. */
const wrapped = mapping({ network: netplan });
const network = chosen((value) =>
  typeof value === 'object' && value !== null && 'network' in value ? wrapped : netplan,
);

export const autoinstall = mapping(
  {
    version: z.literal(1, { error: ({ input }) => (input === undefined ? 'is missing' : 'must be 1') }),
    'interactive-sections': list(word(INTERACTIVE, 'section with a screen')).optional(),
    'early-commands': commands.optional(),
    'late-commands': commands.optional(),
    'error-commands': commands.optional(),
    locale: checked(localeFault).optional(),
    'refresh-installer': mapping({ update: flag.optional(), channel: filled.optional() }).optional(),
    keyboard: mapping({
      layout: checked(layoutFault),
      variant: text.optional(),
      toggle: either(
        z.null(),
        form(/^([a-z]+_)*toggle$/, 'is not a key to toggle layouts', 'give one such as alt_shift_toggle'),
        'must be a key such as alt_shift_toggle, or null',
      ).optional(),
    }).optional(),
    source: mapping({ search_drivers: flag.optional(), id: filled.optional() }).optional(),
    network: network.optional(),
    proxy: either(z.null(), proxyUrl, 'is not the URL of a proxy').optional(),
    apt: apt.optional(),
    storage: storage.optional(),
    identity: identity.optional(),
    'active-directory': mapping({
      'admin-name': filled.optional(),
      'domain-name': filled.optional(),
    }).optional(),
    'ubuntu-pro': mapping({
      token: form(
        /^C[1-9A-HJ-NP-Za-km-z]{22,}$/,
        'is not a token of Ubuntu Pro',
        'copy it from the subscription: C and letters and digits',
      ).optional(),
    }).optional(),
    ssh: mapping({
      'install-server': flag.optional(),
      'authorized-keys': list(sshKey).optional(),
      'allow-pw': flag.optional(),
    }).optional(),
    codecs: mapping({ install: flag.optional() }).optional(),
    drivers: mapping({ install: flag.optional() }).optional(),
    oem: mapping({ install: either(flag, z.literal('auto'), 'must be true, false or auto') }).optional(),
    snaps: list(mapping({ name: filled, channel: filled.optional(), classic: flag.optional() })).optional(),
    'debconf-selections': text.optional(),
    packages: list(
      form(
        /^[a-z0-9][a-z0-9+.-]*(:[a-z0-9]+)?([\^]|[=/]\S+)?$/,
        'is not a package name',
        'use what apt-get install takes',
      ),
    ).optional(),
    kernel: mapping(
      { package: filled.optional(), flavor: filled.optional() },
      ({ package: name, flavor }, add) => {
        if ((name === undefined) === (flavor === undefined))
          add({ path: [], message: 'needs either package or flavor', remedy: 'give one of them' });
      },
    ).optional(),
    'kernel-crash-dumps': mapping({
      enabled: either(flag, z.null(), 'must be true, false or null'),
    }).optional(),
    timezone: either(z.literal('geoip'), checked(zoneFault), 'must be a time zone').optional(),
    updates: word(['security', 'all'], 'kind of updates').optional(),
    shutdown: word(['reboot', 'poweroff'], 'end of the installation').optional(),
    reporting: named(reporter).optional(),
    'user-data': cloudConfig.optional(),
    zdevs: list(mapping({ id: filled, enabled: flag })).optional(),
  },
  autoinstallRules,
);

function autoinstallRules(config: Record<string, unknown>, add: (fault: FaultBelow) => void): void {
  const interactive = Array.isArray(config['interactive-sections'])
    ? (config['interactive-sections'] as unknown[])
    : [];
  if (
    config['identity'] === undefined &&
    config['user-data'] === undefined &&
    !interactive.includes('identity') &&
    !interactive.includes('*')
  )
    add({
      path: ['identity'],
      message: 'is missing, and there is no user-data: nobody could log in',
      remedy: 'add identity or user-data',
    });
  if (interactive.length > 0 && config['reporting'] !== undefined)
    add({
      path: ['reporting'],
      message: 'is ignored when a section is interactive',
      remedy: 'leave out interactive-sections',
    });
  const late = Array.isArray(config['late-commands']) ? (config['late-commands'] as unknown[]) : [];
  late.forEach((entry, index) => {
    const line = Array.isArray(entry) ? entry.join(' ') : entry;
    if (
      typeof line === 'string' &&
      /^\s*(apt(-get)?|systemctl (enable|disable)|useradd|usermod|update-grub)\b/.test(line)
    )
      add({
        path: ['late-commands', index],
        message: 'runs in the installer, not in the installed system',
        remedy: `begin it with curtin in-target --target=/target --`,
      });
  });
}

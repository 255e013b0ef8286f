import { z } from 'zod';
import { type FaultBelow, isKeyboardLayout, KEYBOARD_LAYOUTS } from '#protocol';
import { didYouMean } from '../fault.js';
import { localeFault } from '../names/glibc-locales.js';
import { isCryptHash, MAKE_A_HASH } from '../names/passwords.js';
import { zoneFault } from '../names/zones.js';
import {
  checked,
  either,
  filled,
  flag,
  form,
  list,
  mapping,
  named,
  report,
  text,
  whole,
  word,
} from '../yaml/schema.js';
import { aptConfig } from './apt.js';

/** Keys of cloud-init's modules that are known but not looked into: no seed of ours has them. */
const OTHER_KEYS =
  'allow_public_ssh_keys ansible apk_repos apt_pipelining apt_reboot_if_required authkey_hash autoinstall byobu_by_default ca-certs ca_certs chef cloud_config_modules cloud_final_modules cloud_init_modules datasource datasource_list device_aliases disable_ec2_metadata disable_root_opts disk_setup drivers fan fs_setup grub-dpkg grub_dpkg landscape launch-index locale_configfile lxd manage_resolv_conf mcollective merge_how merge_type migrate mount_default_fields no_ssh_fingerprints output package_reboot_if_required phone_home puppet random_seed reporting resolv_conf rh_subscription rpi rsyslog salt_minion spacewalk ssh ssh_fp_console_blacklist ssh_genkeytypes ssh_import_id ssh_key_console_blacklist ssh_keys ssh_publish_hostkeys ssh_quiet_keygen system_info ubuntu_advantage ubuntu_pro updates vendor_data version wireguard yum_repo_dir yum_repos zypper'.split(
    ' ',
  );

export const hostName = form(
  /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/,
  'is not a host name',
  'use letters, digits and hyphens; labels of at most 63 characters',
);
export const sshKey = form(
  /^(\S+ )?(ssh-(ed25519|rsa|dss)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) [A-Za-z0-9+/]{16,}={0,3}( .*)?$/,
  'is not an OpenSSH public key',
  'put one public key on one line, as in id_ed25519.pub',
);
const userName = form(
  /^[a-z_][a-z0-9_.-]{0,31}\$?$/,
  'is not a Linux user name',
  'use lower-case letters, digits, _ and -, at most 32 characters, beginning with a letter',
);
const command = either(
  filled,
  list(either(text, whole, 'must be text')),
  'must be a command: text, or a list of words',
);
const words = either(filled, list(filled), 'must be text or a list');

/** A crypt hash; a password in plain words is refused without being shown. */
export const cryptHash = checked((value) =>
  isCryptHash(value)
    ? null
    : {
        message: 'is not a crypt hash: a plain password would be readable on the medium',
        remedy: MAKE_A_HASH,
      },
);
const never = (message: string, remedy: string) =>
  z.unknown().superRefine((value, context) => {
    if (value !== undefined) report(context, { path: [], message, remedy });
  });

const user = mapping(
  {
    name: userName.optional(),
    gecos: text.optional(),
    homedir: text.optional(),
    primary_group: text.optional(),
    groups: either(words, named(z.unknown()), 'must be text or a list').optional(),
    selinux_user: text.optional(),
    lock_passwd: flag.optional(),
    'lock-passwd': flag.optional(),
    inactive: either(text, whole, 'must be a number of days').optional(),
    passwd: cryptHash.optional(),
    hashed_passwd: cryptHash.optional(),
    plain_text_passwd: never(
      'a plain password would be readable on the medium',
      `use passwd: ${MAKE_A_HASH}`,
    ).optional(),
    expiredate: text.optional(),
    no_create_home: flag.optional(),
    no_user_group: flag.optional(),
    no_log_init: flag.optional(),
    create_groups: flag.optional(),
    ssh_import_id: list(filled).optional(),
    ssh_authorized_keys: list(sshKey).optional(),
    ssh_redirect_user: flag.optional(),
    shell: form(/^\//, 'is not an absolute path', 'give one such as /bin/bash').optional(),
    snapuser: text.optional(),
    sudo: either(
      text,
      list(text),
      flag,
      z.null(),
      'must be a rule of sudoers, a list of them, or false',
    ).optional(),
    doas: list(text).optional(),
    system: flag.optional(),
    uid: either(whole, text, 'must be a number').optional(),
  },
  (fields, add) => {
    if (fields['name'] === undefined && fields['snapuser'] === undefined)
      add({ path: ['name'], message: 'is missing: a user has a name', remedy: 'add it' });
  },
);

const users = list(either(filled, user, 'must be a user: a mapping with a name, or default')).superRefine(
  (entries: unknown, context) => {
    if (!Array.isArray(entries)) return;
    const seen = new Set<string>();
    entries.forEach((entry: unknown, index) => {
      const name = typeof entry === 'string' ? entry : (entry as { name?: unknown } | null)?.name;
      if (typeof name !== 'string') return;
      if (seen.has(name))
        report(context, { path: [index, 'name'], message: `${name} stands twice`, remedy: 'keep one' });
      seen.add(name);
    });
  },
  { when: () => true },
);

/** As Python reads octal. */
const MODES = /^(0o?)?[0-7]{3,4}$/;
const file = mapping(
  {
    path: form(/^\//, 'is not an absolute path', 'begin it with /'),
    // `!!binary` is a text of bytes.
    content: either(text, z.instanceof(Uint8Array), 'must be text: put it in quotes').optional(),
    source: z.unknown().optional(),
    owner: form(/^[\w.-]+(:[\w.-]+)?$/, 'is not an owner', 'write user:group').optional(),
    permissions: form(
      MODES,
      'is not a file mode in octal digits',
      "write it in quotes, as in '0644'",
    ).optional(),
    encoding: word(
      ['gz', 'gzip', 'gz+base64', 'gzip+base64', 'gz+b64', 'gzip+b64', 'b64', 'base64', 'text/plain'],
      'encoding',
    ).optional(),
    append: flag.optional(),
    defer: flag.optional(),
  },
  ({ encoding, content }, add) => {
    const base64 = typeof encoding === 'string' && /b(ase)?64$/.test(encoding);
    if (base64 && typeof content === 'string' && !/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(content))
      add({
        path: ['content'],
        message: 'is not base64, which its encoding says',
        remedy: 'encode it, or leave out encoding',
      });
  },
);

const chpasswd = mapping({
  expire: flag.optional(),
  list: either(text, list(text), 'must be lines of user:hash')
    .superRefine((value, context) => {
      const lines = (typeof value === 'string' ? value.split('\n') : (value as string[])).filter(
        (line) => line.trim() !== '',
      );
      if (lines.some((line) => !isCryptHash(line.slice(line.indexOf(':') + 1).trim())))
        report(context, {
          path: [],
          message: 'holds a password in plain words',
          remedy: `write user:hash; ${MAKE_A_HASH}`,
        });
    })
    .optional(),
  users: list(
    mapping({
      name: filled,
      password: cryptHash.optional(),
      type: word(['hash'], 'type of password that may lie on a medium').optional(),
    }),
  ).optional(),
});

export const keyboard = mapping({
  layout: checked(layoutFault),
  model: text.optional(),
  variant: text.optional(),
  options: text.optional(),
});

/** One or more XKB layouts with commas. */
export function layoutFault(value: string): { message: string; remedy: string } | null {
  const wrong = value.split(',').find((layout) => layout !== 'custom' && !isKeyboardLayout(layout.trim()));
  return wrong === undefined
    ? null
    : {
        message: `${JSON.stringify(wrong)} is not a known keyboard layout`,
        remedy: didYouMean(wrong, KEYBOARD_LAYOUTS, 'give an XKB layout such as us'),
      };
}

/** cloud-init's user-data, and what the installer's `user-data` hands on to it. */
export const CLOUD_CONFIG_SHAPE = {
  ...Object.fromEntries(OTHER_KEYS.map((key) => [key, z.unknown().optional()])),
  hostname: hostName.optional(),
  fqdn: hostName.optional(),
  prefer_fqdn_over_hostname: flag.optional(),
  preserve_hostname: flag.optional(),
  create_hostname_file: flag.optional(),
  manage_etc_hosts: either(
    flag,
    word(['localhost', 'template'], 'way to manage /etc/hosts'),
    'must be a boolean or localhost',
  ).optional(),
  disable_root: flag.optional(),
  ssh_pwauth: either(flag, word(['yes', 'no', 'unchanged'], 'setting'), 'must be a boolean').optional(),
  ssh_deletekeys: flag.optional(),
  ssh_authorized_keys: list(sshKey).optional(),
  users: users.optional(),
  user: either(filled, user, 'must be a name or a mapping').optional(),
  groups: z.unknown().optional(),
  password: cryptHash.optional(),
  chpasswd: chpasswd.optional(),
  locale: either(z.literal(false), checked(localeFault), 'must be a locale, or false').optional(),
  timezone: checked(zoneFault).optional(),
  keyboard: keyboard.optional(),
  apt: aptConfig.optional(),
  package_update: flag.optional(),
  package_upgrade: flag.optional(),
  apt_update: flag.optional(),
  apt_upgrade: flag.optional(),
  packages: list(
    either(filled, list(filled), named(z.unknown()), 'must be a package name, or a name with its version'),
  ).optional(),
  write_files: list(file).optional(),
  runcmd: list(command).optional(),
  bootcmd: list(command).optional(),
  final_message: text.optional(),
  growpart: mapping({
    mode: either(
      word(['auto', 'growpart', 'gpart', 'off'], 'mode'),
      flag,
      'must be auto, growpart or off',
    ).optional(),
    devices: list(filled).optional(),
    ignore_growroot_disabled: flag.optional(),
  }).optional(),
  resize_rootfs: either(flag, word(['noblock'], 'setting'), 'must be a boolean or noblock').optional(),
  mounts: list(list(either(text, z.null(), 'must be text'))).optional(),
  swap: mapping({
    filename: filled.optional(),
    size: either(whole, text, 'must be a size').optional(),
    maxsize: either(whole, text, 'must be a size').optional(),
  }).optional(),
  ntp: either(
    z.null(),
    mapping({
      enabled: flag.optional(),
      servers: list(filled).optional(),
      pools: list(filled).optional(),
      peers: list(filled).optional(),
      allow: list(filled).optional(),
      ntp_client: text.optional(),
      config: z.unknown().optional(),
    }),
    'must be a mapping of ntp settings',
  ).optional(),
  snap: mapping({ assertions: z.unknown().optional(), commands: z.unknown().optional() }).optional(),
  power_state: mapping({
    delay: either(whole, text, 'must be a number of minutes or now').optional(),
    mode: word(['poweroff', 'reboot', 'halt'], 'mode'),
    message: text.optional(),
    timeout: whole.optional(),
    condition: z.unknown().optional(),
  }).optional(),
} satisfies z.ZodRawShape;

export const cloudConfig = mapping(CLOUD_CONFIG_SHAPE, cloudRules);

function cloudRules(config: Record<string, unknown>, add: (fault: FaultBelow) => void): void {
  const files = Array.isArray(config['write_files'])
    ? (config['write_files'] as { path?: unknown; append?: unknown }[])
    : [];
  const seen = new Set<unknown>();
  files.forEach((entry, index) => {
    if (seen.has(entry?.path) && entry?.append !== true && entry?.path !== undefined)
      add({
        path: ['write_files', index, 'path'],
        message: `${JSON.stringify(entry.path)} is written twice`,
        remedy: 'keep one, or set append',
      });
    seen.add(entry?.path);
  });
}

/** A NoCloud seed's `meta-data`. */
export const metaData = mapping({
  'instance-id': filled,
  'local-hostname': hostName.optional(),
  hostname: hostName.optional(),
  'network-interfaces': text.optional(),
  'public-keys': z.unknown().optional(),
  dsmode: word(['local', 'net', 'disabled'], 'mode of the seed').optional(),
  seedfrom: text.optional(),
  platform: text.optional(),
  region: text.optional(),
  'availability-zone': text.optional(),
});

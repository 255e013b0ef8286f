import { z } from 'zod';
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
  whole,
  word,
} from '../yaml/schema.js';
import { sizeFault } from './size.js';
import { storageRules } from './storage-rules.js';

/**
 * Subiquity's storage section: a layout by name, or curtin's list of actions with Subiquity's extensions
 * (curtin, block/schemas.py).
 */

const glob = either(filled, list(filled), 'must be text or a list of it');
const matchSpec = mapping({
  model: glob.optional(),
  vendor: glob.optional(),
  path: glob.optional(),
  id_path: glob.optional(),
  devpath: glob.optional(),
  serial: glob.optional(),
  ssd: flag.optional(),
  size: word(['largest', 'smallest'], 'size to choose by').optional(),
  'install-media': flag.optional(),
});
const match = either(matchSpec, list(matchSpec), 'must be a mapping of what the disk must have');
const ptable = word(['dos', 'gpt', 'mac', 'msdos', 'vtoc', 'unsupported'], 'partition table');
const wipe = either(
  word(['random', 'superblock', 'superblock-recursive', 'zero', 'pvremove'], 'way to wipe'),
  z.null(),
  'must be a way to wipe',
);
const size = checked(sizeFault);
const sizeValue = either(whole, size, 'must be a size: bytes, or text such as 20G, 50% or -1');
const mountPath = form(/^(none|\/\S*)$/, 'is not a mount point', 'begin it with /');
const refs = list(filled);
const grubDevice = either(flag, z.literal([0, 1]), 'must be a boolean');

const layout = mapping(
  {
    name: word(
      ['lvm', 'direct', 'zfs', 'hybrid', 'dd', 'reinstall_partition', 'resize_biggest', 'use_gap'],
      'layout',
    ),
    match: match.optional(),
    ptable: ptable.optional(),
    password: text.optional(),
    'sizing-policy': word(['scaled', 'all'], 'sizing policy').optional(),
    'reset-partition': either(flag, sizeValue, 'must be a boolean or a size').optional(),
    'reset-partition-only': flag.optional(),
    encrypted: flag.optional(),
    mode: word(['reformat_disk', 'use_gap', 'erase_install'], 'mode').optional(),
  },
  ({ name, password, 'sizing-policy': policy }, add) => {
    if (name !== 'lvm' && name !== 'zfs' && password !== undefined)
      add({
        path: ['password'],
        message: `means nothing to the layout ${String(name)}`,
        remedy: 'use the layout lvm, or leave it out',
      });
    if (name !== 'lvm' && policy !== undefined)
      add({
        path: ['sizing-policy'],
        message: `means nothing to the layout ${String(name)}`,
        remedy: 'use the layout lvm, or leave it out',
      });
  },
);

const FLAGS = 'bios_grub boot extended home linux logical lvm mbr msftres prep raid swap'.split(' ');
const FILE_SYSTEMS =
  'btrfs ext2 ext3 ext4 fat fat12 fat16 fat32 iso9660 vfat jfs ntfs reiserfs swap xfs zfsroot'.split(' ');
const base = { id: filled, type: text, preserve: flag.optional() };

const actions = {
  disk: mapping({
    ...base,
    name: text.optional(),
    ptable: ptable.optional(),
    serial: text.optional(),
    path: form(/^(\/dev\/\S+|iscsi:.*)$/, 'is not a device', 'give one such as /dev/vda').optional(),
    wwn: text.optional(),
    model: text.optional(),
    multipath: text.optional(),
    device_id: text.optional(),
    wipe: wipe.optional(),
    grub_device: grubDevice.optional(),
    match: match.optional(),
    nvme_controller: text.optional(),
  }),
  partition: mapping({
    ...base,
    device: filled,
    size: sizeValue.optional(),
    offset: sizeValue.optional(),
    number: either(whole, text, 'must be a number').optional(),
    name: text.optional(),
    flag: either(z.literal(''), word(FLAGS, 'partition flag'), 'must be a partition flag').optional(),
    wipe: wipe.optional(),
    uuid: text.optional(),
    path: text.optional(),
    multipath: text.optional(),
    partition_type: text.optional(),
    partition_name: text.optional(),
    attrs: z.unknown().optional(),
    resize: flag.optional(),
    grub_device: grubDevice.optional(),
    is_in_use: flag.optional(),
  }),
  format: mapping({
    ...base,
    volume: filled,
    fstype: word(FILE_SYSTEMS, 'file system'),
    label: text.optional(),
    uuid: text.optional(),
    name: text.optional(),
    extra_options: list(text).optional(),
  }),
  mount: mapping({
    ...base,
    device: filled.optional(),
    path: mountPath.optional(),
    fstype: text.optional(),
    options: text.optional(),
    spec: text.optional(),
    freq: either(whole, text, 'must be a number').optional(),
    passno: either(whole, text, 'must be a number').optional(),
  }),
  lvm_volgroup: mapping({ ...base, name: filled, devices: refs, uuid: text.optional() }),
  lvm_partition: mapping({
    ...base,
    name: filled,
    volgroup: filled,
    size: sizeValue.optional(),
    wipe: wipe.optional(),
    path: text.optional(),
  }),
  dm_crypt: mapping({
    ...base,
    volume: filled,
    dm_name: filled.optional(),
    key: text.optional(),
    keyfile: text.optional(),
    options: list(text).optional(),
    recovery_key: z.unknown().optional(),
  }),
  raid: mapping({
    ...base,
    name: filled,
    raidlevel: either(
      word(
        'raid0 raid1 raid4 raid5 raid6 raid10 linear mirror stripe container 0 1 4 5 6 10'.split(' '),
        'RAID level',
      ),
      z.literal([0, 1, 4, 5, 6, 10], { error: 'is not a RAID level' }),
      'is not a RAID level: use raid0, raid1, raid4, raid5, raid6 or raid10',
    ),
    devices: refs.optional(),
    spare_devices: refs.optional(),
    container: text.optional(),
    metadata: text.optional(),
    mdname: text.optional(),
    ptable: ptable.optional(),
    wipe: wipe.optional(),
    uuid: text.optional(),
    path: text.optional(),
  }),
  bcache: mapping({
    ...base,
    name: text.optional(),
    backing_device: text.optional(),
    cache_device: text.optional(),
    cache_mode: word(['writethrough', 'writeback', 'writearound', 'none'], 'cache mode').optional(),
  }),
  zpool: mapping({
    ...base,
    pool: filled,
    vdevs: refs,
    mountpoint: mountPath.optional(),
    pool_properties: named(z.unknown()).optional(),
    fs_properties: named(z.unknown()).optional(),
    default_features: flag.optional(),
    encryption_style: text.optional(),
    keyfile: text.optional(),
  }),
  zfs: mapping({ ...base, pool: filled, volume: filled, properties: named(z.unknown()).optional() }),
  nvme_controller: mapping({
    ...base,
    transport: text,
    tcp_addr: text.optional(),
    tcp_port: z.unknown().optional(),
  }),
  dasd: z.looseObject({ id: filled }),
};

const swap = mapping({
  filename: text.optional(),
  size: either(whole, size, 'must be a size').optional(),
  maxsize: either(whole, size, 'must be a size').optional(),
  force: flag.optional(),
});
const grub = mapping({
  install_devices: z.unknown().optional(),
  update_nvram: flag.optional(),
  reorder_uefi: flag.optional(),
  reorder_uefi_force_fallback: flag.optional(),
  remove_old_uefi_loaders: flag.optional(),
  remove_duplicate_entries: flag.optional(),
  probe_additional_os: flag.optional(),
  replace_linux_default: flag.optional(),
  terminal: text.optional(),
});

export const storage = chosen(() => storageSection);
const storageSection = mapping(
  {
    version: either(z.literal([1, 2]), z.literal(['1', '2']), 'must be 1 or 2').optional(),
    layout: layout.optional(),
    config: list(tagged('type', actions, 'storage action')).optional(),
    swap: swap.optional(),
    grub: grub.optional(),
  },
  storageRules,
);

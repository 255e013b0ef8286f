import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { command } from '../processes/commands.js';

export interface FakeDisk {
  /** As the kernel names it: `vda`, `sda`, `nvme0n1`, `sr0`, `loop0`. */
  name: string;
  /** What it claims to have; its image is a few MiB. */
  bytes: number;
  /** Where the kernel shows a serial number. */
  serial?: { in: 'virtio' | 'nvme' | 'vpd' | 'udev'; text: string };
  /** The part of its path that tells the bus of an sd disk. */
  port?: 'ata' | 'usb' | 'scsi';
  /** SCSI peripheral device type: 0 disk, 5 CD/DVD. */
  type?: number;
  removable?: boolean;
  readOnly?: boolean;
  hidden?: boolean;
  /** Nothing but memory or a file behind it. */
  virtual?: boolean;
  partitions?: number;
  /** `partitionName`: GPT with one partition of this name, which is not in /sys (`partitions` is). */
  holds?: 'ext4' | 'gpt' | 'lvm' | { label: string } | { partitionName: string } | { raid: FakeRaid };
  mounted?: boolean;
}

/** A member of an array that nobody has started. */
export interface FakeRaid {
  /** 32 hexadecimal digits. */
  array: string;
  name: string;
  /** How many disks the array has. */
  devices: number;
}

/** An active device that is built on others. */
export interface FakeMapped {
  /** As the kernel names it: `dm-0`, `md0`. */
  name: string;
  /** Device-mapper's own name and UUID. */
  mapper?: { name: string; uuid: string };
  /** Disks, partitions (`vda1`) and mapped devices that stand before it. */
  on: string[];
}

const IMAGE_BYTES = 8 * 1024 * 1024;
const PORTS = {
  ata: 'pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0',
  usb: 'pci0000:00/0000:00:1d.7/usb1/1-1/1-1:1.0/host3/target3:0:0/3:0:0:0',
  scsi: 'pci0000:00/0000:00:05.0/virtio2/host2/target2:0:0/2:0:0:0',
};

/**
 * Writes trees like /sys, /dev and /run/udev/data below `root`. @returns the variables by which the disk rule
 * reads them
 */
export function fakeDisks(
  root: string,
  disks: FakeDisk[],
  mapped: FakeMapped[] = [],
): Record<string, string> {
  const [sys, dev, udev] = ['sys', 'dev', 'udev'].map((name) => join(root, name)) as [string, string, string];
  for (const folder of [join(sys, 'block'), dev, udev]) mkdirSync(folder, { recursive: true });
  const mounts = join(root, 'mounts');
  writeFileSync(mounts, 'proc /proc proc rw 0 0\ntmpfs /run tmpfs rw 0 0\n');
  disks.forEach((disk, index) => {
    const { name } = disk;
    const path = disk.virtual
      ? join(sys, 'devices/virtual/block', name)
      : join(
          sys,
          'devices',
          disk.port ? PORTS[disk.port] : `pci0000:00/${index}/virtio${index}`,
          `block-${index}`,
          name,
        );
    mkdirSync(path, { recursive: true });
    symlinkSync(path, join(sys, 'block', name));
    const attribute = (file: string, value: string): void => writeFileSync(join(path, file), value);
    attribute('size', `${disk.bytes / 512}\n`);
    attribute('dev', `8:${index * 16}\n`);
    attribute('ro', disk.readOnly ? '1\n' : '0\n');
    attribute('removable', disk.removable ? '1\n' : '0\n');
    attribute('hidden', disk.hidden ? '1\n' : '0\n');
    if (!disk.virtual) mkdirSync(join(path, 'device'));
    if (disk.type !== undefined) attribute('device/type', `${disk.type}\n`);
    writeSerial(disk, attribute, join(udev, `b8:${index * 16}`));
    for (let part = 1; part <= (disk.partitions ?? 0); part += 1) {
      mkdirSync(join(path, `${name}${part}`));
      attribute(`${name}${part}/partition`, `${part}\n`);
    }
    makeImage(join(dev, name), disk);
    if (disk.mounted)
      writeFileSync(mounts, `${join(dev, name)} /run/install/repo iso9660 ro 0 0\n`, { flag: 'a' });
  });
  for (const device of mapped) map(join(sys, 'block'), device);
  return { INFINIBAY_SYS: sys, INFINIBAY_DEV: dev, INFINIBAY_UDEV: udev, INFINIBAY_MOUNTS: mounts };
}

/** `slaves` and `holders` as the kernel links them. */
function map(block: string, { name, mapper, on }: FakeMapped): void {
  const own = join(block, name);
  mkdirSync(join(own, 'slaves'), { recursive: true });
  if (mapper) {
    mkdirSync(join(own, 'dm'));
    writeFileSync(join(own, 'dm/name'), `${mapper.name}\n`);
    writeFileSync(join(own, 'dm/uuid'), `${mapper.uuid}\n`);
  }
  for (const below of on) {
    const disk = below.replace(/(?<=^[a-z]+)\d+$/, '');
    const path = join(block, existsSync(join(block, below)) ? below : join(disk, below));
    mkdirSync(join(path, 'holders'), { recursive: true });
    symlinkSync(own, join(path, 'holders', name));
    symlinkSync(path, join(own, 'slaves', below));
  }
}

function writeSerial(
  { serial }: FakeDisk,
  attribute: (file: string, value: string) => void,
  udevFile: string,
): void {
  if (!serial) return;
  if (serial.in === 'virtio') attribute('serial', serial.text);
  // The kernel pads it with blanks.
  if (serial.in === 'nvme') attribute('device/serial', `${serial.text.padEnd(20)}\n`);
  if (serial.in === 'vpd')
    attribute('device/vpd_pg80', `\0\x80\0${String.fromCharCode(serial.text.length)}${serial.text}`);
  if (serial.in === 'udev')
    writeFileSync(
      udevFile,
      `S:disk/by-id/x\nE:ID_SERIAL=MODEL_${serial.text}\nE:ID_SERIAL_SHORT=${serial.text}\n`,
    );
}

function makeImage(path: string, { holds }: FakeDisk): void {
  writeFileSync(path, '');
  truncateSync(path, IMAGE_BYTES);
  if (holds === 'ext4') command('mke2fs', ['-q', '-F', '-t', 'ext4', path]);
  else if (holds === 'gpt') command('parted', ['-s', path, 'mklabel', 'gpt']);
  else if (holds === 'lvm')
    // The label of a physical volume: "LABELONE" in the second sector, type "LVM2 001" (LVM2's lib/label).
    writeFileSync(path, lvmLabel(), { flag: 'r+' });
  else if (holds && 'partitionName' in holds)
    spawnSync('sfdisk', ['--quiet', path], {
      input: `label: gpt\nsize=1MiB, name="${holds.partitionName}"\n`,
    });
  else if (holds && 'raid' in holds) {
    const file = openSync(path, 'r+');
    writeSync(file, raidSuperblock(holds.raid), 0, undefined, 4096);
    closeSync(file);
  } else if (holds) command('mkfs.fat', ['-n', holds.label, path]);
}

function lvmLabel(): Buffer {
  const bytes = Buffer.alloc(1024);
  bytes.write('LABELONE', 512, 'latin1');
  bytes.writeBigUInt64LE(1n, 520);
  bytes.writeUInt32LE(32, 532);
  bytes.write('LVM2 001', 536, 'latin1');
  bytes.write('A'.repeat(32), 544, 'latin1');
  bytes.writeUInt32LE(crc(bytes.subarray(532, 1024)), 528);
  return bytes;
}

/**
 * Linux RAID's superblock, version 1.2, of a RAID 1 (the kernel's include/uapi/linux/raid/md_p.h,
 * `struct mdp_superblock_1`).
 */
function raidSuperblock({ array, name, devices }: FakeRaid): Buffer {
  const roles = 2 * devices;
  const bytes = Buffer.alloc(256 + roles);
  bytes.writeUInt32LE(0xa92b4efc, 0);
  bytes.writeUInt32LE(1, 4);
  bytes.write(array, 16, 'hex');
  bytes.write(name, 32, 'latin1');
  bytes.writeUInt32LE(1, 72);
  bytes.writeBigUInt64LE(8192n, 80);
  bytes.writeUInt32LE(devices, 92);
  bytes.writeBigUInt64LE(2048n, 128);
  bytes.writeBigUInt64LE(8192n, 136);
  bytes.writeBigUInt64LE(8n, 144);
  bytes.write('d'.repeat(32), 168, 'hex');
  bytes.writeUInt32LE(devices, 220);
  let sum = 0n;
  for (let at = 0; at + 4 <= bytes.length; at += 4) sum += BigInt(bytes.readUInt32LE(at));
  if (roles % 4 !== 0) sum += BigInt(bytes.readUInt16LE(bytes.length - 2));
  bytes.writeUInt32LE(Number(((sum & 0xffffffffn) + (sum >> 32n)) & 0xffffffffn), 216);
  return bytes;
}

/** LVM's CRC-32: the usual polynomial from an own start, without the last inversion. */
function crc(bytes: Buffer): number {
  let value = 0xf597a6cf;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  }
  return value >>> 0;
}

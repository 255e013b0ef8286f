import type { MediaRequest, PlanDevice } from '#protocol';
import { FAMILIES } from '../families/family.js';

/** A device with what the attribute lists of both hypervisors need besides. */
export interface Attachment extends PlanDevice {
  id: string;
  /** QEMU's id of the drive behind it, and the placeholder that stands for its file. */
  drive: string;
  placeholder: string;
  format: 'raw' | 'qcow2';
  serial: string | null;
}

/** `fat`: an image that boots by itself under UEFI. */
export type SeedForm = 'iso' | 'fat';

export interface MediaPaths {
  /** The image that was made: the seed, or what carries it. */
  seed: string;
  /** The vendor's ISO, or its placeholder. */
  vendorIso: string;
  seedForm: SeedForm;
}

type Bus = PlanDevice['bus'];

/** The disk on which the system comes to lie. */
export function systemDisk(request: MediaRequest, bootindex: number): Attachment {
  const { match } = request.disk;
  return {
    ...attachment('system-disk', { bus: systemBus(request), kind: 'disk', bootindex, path: '{disk}' }),
    format: request.resources.diskFormat,
    serial: match && 'serial' in match ? match.serial : null,
  };
}

/** An image as a CD, where every installer sees it. */
export const cd = (
  request: MediaRequest,
  role: Attachment['role'],
  { bootindex, path }: Pick<Attachment, 'bootindex' | 'path'>,
): Attachment => attachment(role, { bus: cdBus(request), kind: 'cdrom', bootindex, path });

export function attachment(
  role: Attachment['role'],
  { bus, kind, bootindex, path }: Pick<Attachment, 'bus' | 'kind' | 'bootindex' | 'path'>,
): Attachment {
  const names: Partial<Record<Attachment['role'], [drive: string, placeholder: string]>> = {
    'system-disk': ['disk0', '{disk}'],
    'vendor-iso': ['vendor0', '{vendorIso}'],
  };
  const [drive, placeholder] = names[role] ?? [`${role}0`, `{${role}}`];
  return {
    ...{ role, bus, kind, bootindex, path },
    ...{ id: role, target: null, drive, placeholder, format: 'raw', serial: null },
  };
}

/**
 * The seed of a cloud image: a disk that a running machine gives away, behind all others, so that the names
 * of data disks do not change when it goes.
 */
export const isPluggedLast = ({ role, bus }: Attachment): boolean => role === 'seed' && bus === 'virtio';

/**
 * With libvirt's names. They are the guest's order hints, and libvirt keeps the disks of a bus in their
 * order: vdz comes after every disk that is added. sd* is one row for SATA, SCSI and USB.
 */
export function withTargets(media: Attachment[]): Attachment[] {
  const used = { vd: 0, sd: 0 };
  return media.map((device) => {
    if (device.bus === 'nvme') return device;
    const prefix = device.bus === 'virtio' ? 'vd' : 'sd';
    const letter = isPluggedLast(device) ? 'z' : String.fromCharCode(97 + used[prefix]++);
    return { ...device, target: `${prefix}${letter}` };
  });
}

/** Whether no key need be pressed: the FAT seed's loader is for UEFI. */
export function seedBootsItself({ firmware, os }: MediaRequest, seedForm: SeedForm): boolean {
  return seedForm === 'fat' && firmware === 'uefi' && os.architecture === 'x86_64';
}

/** Some systems have a driver for virtio's network and disks only when they are given one. */
export const hasVirtio = ({ os, virtioDrivers }: Pick<MediaRequest, 'os' | 'virtioDrivers'>): boolean =>
  FAMILIES[os.family].machine.knowsVirtio || virtioDrivers !== undefined;

function systemBus({ disk: { match }, os, virtioDrivers }: MediaRequest): Bus {
  if (match && 'bus' in match) return match.bus;
  if (hasVirtio({ os, virtioDrivers })) return 'virtio';
  // Windows and the firmware of the virt machine both have a driver for NVMe.
  return os.architecture === 'x86_64' ? 'sata' : 'nvme';
}

/**
 * SATA on x86_64: every installer has its driver, GRUB on BIOS too, and the setup of Windows 11 24H2 is
 * reported to refuse to go on when its own CD is on virtio-scsi (virtio-win/kvm-guest-drivers-windows issue
 * 1100). The `virt` machine of aarch64 has no SATA.
 */
const cdBus = ({ os }: MediaRequest): Bus =>
  os.architecture === 'x86_64' ? 'sata' : FAMILIES[os.family].machine.armCdBus;

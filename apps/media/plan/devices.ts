import type { MediaRequest, PlanDevice } from '#protocol';
import { FAMILIES } from '../families/family.js';

/** A device with what the attribute lists of both hypervisors need besides. */
export interface Attachment extends PlanDevice {
  /** QEMU's id of the drive, and the placeholder that stands for its file. */
  id: string;
  placeholder: string;
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
  const ids: Partial<Record<Attachment['role'], [id: string, placeholder: string]>> = {
    'system-disk': ['disk0', '{disk}'],
    'vendor-iso': ['vendor0', '{vendorIso}'],
  };
  const [id, placeholder] = ids[role] ?? [`${role}0`, `{${role}}`];
  return { role, bus, kind, bootindex, path, id, placeholder, serial: null };
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
  return hasVirtio({ os, virtioDrivers }) ? 'virtio' : 'sata';
}

/**
 * SATA on x86_64: every installer has its driver, GRUB on BIOS too, and the setup of Windows 11 24H2 is
 * reported to refuse to go on when its own CD is on virtio-scsi (virtio-win/kvm-guest-drivers-windows issue
 * 1100). The `virt` machine of aarch64 has no SATA.
 */
const cdBus = ({ os }: MediaRequest): Bus =>
  os.architecture === 'x86_64' ? 'sata' : FAMILIES[os.family].machine.armCdBus;

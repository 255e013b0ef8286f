import type { MediaRequest, PlanDevice } from '#protocol';

/** A device with what the attribute lists of both hypervisors need besides. */
export interface Attachment extends PlanDevice {
  /** QEMU's id of the drive, and the placeholder that stands for its file. */
  id: string;
  placeholder: string;
  serial: string | null;
}

export interface MediaPaths {
  /** The seed image; for delivery chain the chain ISO, for remaster the remastered ISO. */
  seed: string;
  /** The vendor's ISO, or its placeholder. */
  vendorIso: string;
  /** Windows: a FAT image that boots by itself under UEFI, or a plain ISO. */
  seedForm: 'iso' | 'fat';
}

type Bus = PlanDevice['bus'];

/** The disk and the media of one installation, in boot order: a disk without a system falls through to the medium after it. */
export function attachments(request: MediaRequest, paths: MediaPaths): Attachment[] {
  const diskFirst = request.os.family !== 'windows' || !startsSetupItself(request, paths.seedForm);
  const disk: Attachment = {
    ...part('system-disk', systemBus(request), 'disk', diskFirst ? 1 : 2, '{disk}'),
    serial: request.disk.match && 'serial' in request.disk.match ? request.disk.match.serial : null,
  };
  const cd = cdBus(request);
  // A cloud image may have a kernel without CD drivers; it always has virtio-blk.
  if (request.source === 'cloud-image') return [disk, part('seed', 'virtio', 'disk', null, paths.seed)];
  const vendor = (bootindex: number): Attachment =>
    part('vendor-iso', cd, 'cdrom', bootindex, paths.vendorIso);
  if (request.os.family === 'windows') return [disk, ...windowsMedia(request, paths, vendor, cd)];
  switch (request.delivery) {
    // Of UEFI's devices only those with a bootindex are connected, so that GRUB sees the vendor's ISO.
    case 'chain':
      return [disk, part('chain', cd, 'cdrom', 2, paths.seed), vendor(3)];
    case 'remaster':
      return [disk, part('remaster', cd, 'cdrom', 2, paths.seed)];
    case 'seed':
    case 'direct-kernel':
      return [disk, part('seed', cd, 'cdrom', null, paths.seed), vendor(2)];
    default:
      return request.delivery satisfies never;
  }
}

/** Setup looks for answers on removable writable media before others, and a read-only SATA disk is none that QEMU has. */
function windowsMedia(
  request: MediaRequest,
  { seed, seedForm }: MediaPaths,
  vendor: (bootindex: number) => Attachment,
  cd: Bus,
): Attachment[] {
  if (seedForm === 'iso') return [part('seed', cd, 'cdrom', null, seed), vendor(2)];
  return startsSetupItself(request, seedForm)
    ? // Before the disk: its loader starts what this very seed has installed, and setup while a disk holds nothing or another Windows.
      [part('seed', 'usb', 'disk', 1, seed), vendor(3)]
    : [part('seed', 'usb', 'disk', null, seed), vendor(2)];
}

/** Whether no key need be pressed: the FAT seed's loader is for UEFI. */
export function startsSetupItself(request: MediaRequest, seedForm: MediaPaths['seedForm']): boolean {
  return seedForm === 'fat' && request.firmware === 'uefi' && request.os.architecture === 'x86_64';
}

/** Windows has a driver for virtio's network only when it is given one. */
export const hasVirtioNet = ({ os, virtioDrivers }: Pick<MediaRequest, 'os' | 'virtioDrivers'>): boolean =>
  os.family !== 'windows' || virtioDrivers !== undefined;

function systemBus({ disk: { match }, os, virtioDrivers }: MediaRequest): Bus {
  if (match && 'bus' in match) return match.bus;
  // Windows setup sees no virtio disk without a driver.
  return hasVirtioNet({ os, virtioDrivers }) ? 'virtio' : 'sata';
}

/**
 * SATA on x86_64: every installer has its driver, GRUB on BIOS too, and the setup of Windows 11 24H2 is reported to refuse to go on when
 * its own CD is on virtio-scsi (virtio-win/kvm-guest-drivers-windows issue 1100). The `virt` machine of aarch64 has no SATA.
 */
function cdBus({ os: { architecture, family } }: MediaRequest): Bus {
  if (architecture === 'x86_64') return 'sata';
  return family === 'windows' ? 'usb' : 'scsi';
}

function part(
  role: Attachment['role'],
  bus: Bus,
  kind: Attachment['kind'],
  bootindex: number | null,
  path: string,
): Attachment {
  const ids: Partial<Record<Attachment['role'], [id: string, placeholder: string]>> = {
    'system-disk': ['disk0', '{disk}'],
    'vendor-iso': ['vendor0', '{vendorIso}'],
  };
  const [id, placeholder] = ids[role] ?? [`${role}0`, `{${role}}`];
  return { role, bus, kind, bootindex, path, id, placeholder, serial: null };
}

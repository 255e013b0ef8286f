import type { MediaRequest } from '#protocol';
import { labelArgument } from '../escape.js';
import type { VendorIso } from '../vendor/vendor-iso.js';

export type LinuxFamily = Exclude<MediaRequest['os']['family'], 'windows'>;

/** Where a seed is looked for: its volume label decides. */
export const SEED_LABELS = { ubuntu: 'CIDATA', kickstart: 'OEMDRV' } as const;

/** Characters of a label that mean nothing to GRUB, the kernel and udev. */
const PLAIN_LABEL = /^[A-Za-z0-9#+\-.=@_]+$/;

/** Stands in kernel arguments where the volume id of a vendor ISO that was not given belongs. */
export const VOLUME_ID_PLACEHOLDER = '{vendorVolumeId}';

export const isKickstart = (family: MediaRequest['os']['family']): boolean =>
  family !== 'ubuntu' && family !== 'windows';

/** The volume label of a family's seed; Windows searches every medium and takes any. */
export function seedLabel(family: MediaRequest['os']['family']): string {
  return family === 'ubuntu' ? SEED_LABELS.ubuntu : SEED_LABELS.kickstart;
}

/** Kernel and initrd on the vendor's ISO, and the arguments with which the installer asks nobody. */
export interface InstallerBoot {
  kernel: string;
  initrd: string;
  arguments: string;
}

/**
 * How the installer of a Linux family is started.
 *
 * Ubuntu: without the word `autoinstall` Subiquity asks before it wipes a disk. `ds=nocloud` alone: cloud-init then finds the seed by its
 * label. A path (`s=/cidata/`) would be one of the installer's own file system, where a seed on another
 * CD never is, and cloud-init gives up when it is absent.
 *
 * Kickstart: `inst.stage2` names the vendor's ISO, `inst.ks` the seed; the stock menu's wait and its test of the medium are left out. A
 * label with a space or the like is not named, but the volume's UUID: udev's `\x20` for it becomes `\\x20` on its way through GRUB 2.06.
 * @param iso null: its volume id is not known, and a placeholder stands in its place
 * @param seedAt `label`: a medium of its own; `vendor-iso`: the seed is on the (remastered) vendor ISO itself
 */
export function installerBoot(
  family: LinuxFamily,
  iso: Pick<VendorIso, 'volumeId' | 'uuid'> | null,
  seedAt: 'label' | 'vendor-iso' = 'label',
): InstallerBoot {
  if (family === 'ubuntu')
    return {
      kernel: '/casper/vmlinuz',
      initrd: '/casper/initrd',
      arguments: `autoinstall ds=nocloud${seedAt === 'label' ? '' : `;s=/cdrom/${REMASTER_SEED_FOLDER}/`} ---`,
    };
  const vendor = iso ? device(iso) : `LABEL=${VOLUME_ID_PLACEHOLDER}`;
  const seed = seedAt === 'label' ? `LABEL=${SEED_LABELS.kickstart}` : vendor;
  return {
    kernel: '/images/pxeboot/vmlinuz',
    initrd: '/images/pxeboot/initrd.img',
    arguments: `inst.stage2=hd:${vendor} inst.ks=hd:${seed}:/ks.cfg`,
  };
}

function device({ volumeId, uuid }: Pick<VendorIso, 'volumeId' | 'uuid'>): string {
  return uuid !== null && !PLAIN_LABEL.test(volumeId) ? `UUID=${uuid}` : `LABEL=${labelArgument(volumeId)}`;
}

/** Where a remastered Ubuntu ISO carries its seed: the live system mounts the ISO at /cdrom. */
export const REMASTER_SEED_FOLDER = 'cidata';

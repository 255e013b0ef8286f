import { rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GRUB_MKIMAGE, MCOPY, MKFS_FAT, MMD, runTool } from './tool.js';
import { ustar } from './ustar.js';

const KIB = 1024;
/** FAT12's own tables and a little more. */
const FAT_OVERHEAD = 64 * KIB;
const FAT_STEP = 32 * KIB;

const EVERYWHERE = [
  ...['memdisk', 'tar', 'normal', 'iso9660', 'search', 'search_label'],
  ...['linux', 'boot', 'test', 'echo', 'sleep', 'halt'],
];
/**
 * GRUB's own drivers on BIOS: SeaBIOS shows GRUB only the CD that it booted, and `nativedisk` cannot leave it without losing that one.
 * They find what hangs on IDE and SATA; a medium on virtio-blk would need the firmware's driver, which cannot be used together with them.
 */
const BIOS_DRIVERS = ['pata', 'ahci', 'scsi'];
/** Without a driver for the screen the kernel is started blind: nothing is seen until its own driver runs. */
const UEFI_DRIVERS = ['efi_gop', 'efi_uga', 'video_bochs', 'video_cirrus'];

export interface GrubImages {
  /** No-emulation boot image for BIOS: cdboot.img and the core. */
  bios: string;
  /** FAT image with EFI/BOOT/BOOTX64.EFI. */
  efi: string;
}

/**
 * GRUB as El Torito boot images for BIOS and UEFI on x86_64, with its configuration inside. About 0.9 MB together.
 * @param folder where both are left, and nothing else
 * @param modules that each core has besides those that every configuration needs
 * @throws AppError `media.grub_mkimage_missing` and others (503), `media.image_failed` (500)
 */
export async function makeGrubImages(
  folder: string,
  config: string,
  sourceDateEpoch: number,
  modules = { bios: BIOS_DRIVERS, uefi: UEFI_DRIVERS },
): Promise<GrubImages> {
  const memdisk = join(folder, 'memdisk.tar');
  const program = join(folder, 'BOOTX64.EFI');
  const images = { bios: join(folder, 'bios.img'), efi: join(folder, 'efi.img') };
  await writeFile(memdisk, ustar('boot/grub/grub.cfg', Buffer.from(config)));
  const mkimage = (format: string, output: string, all: string[]): Promise<string> =>
    runTool(GRUB_MKIMAGE, ['-O', format, '-m', memdisk, '-p', '(memdisk)/boot/grub', '-o', output, ...all], {
      sourceDateEpoch,
    });
  await Promise.all([
    mkimage('i386-pc-eltorito', images.bios, [...EVERYWHERE, ...modules.bios, 'serial', 'terminal']),
    mkimage('x86_64-efi', program, [...EVERYWHERE, ...modules.uefi]),
  ]);
  await makeFat(images.efi, program, sourceDateEpoch);
  await Promise.all([rm(memdisk), rm(program)]);
  return images;
}

async function makeFat(image: string, program: string, sourceDateEpoch: number): Promise<void> {
  const { size } = await stat(program);
  await writeFile(image, '');
  await truncate(image, Math.ceil((size + FAT_OVERHEAD) / FAT_STEP) * FAT_STEP);
  const clock = { sourceDateEpoch };
  await runTool(MKFS_FAT, ['-F', '12', '--invariant', '-n', 'EFI', image], clock);
  await runTool(MMD, ['-i', image, '::/EFI', '::/EFI/BOOT'], clock);
  await utimes(program, sourceDateEpoch, sourceDateEpoch);
  await runTool(MCOPY, ['-m', '-i', image, program, '::/EFI/BOOT/BOOTX64.EFI'], clock);
}

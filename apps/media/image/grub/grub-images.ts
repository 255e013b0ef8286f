import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFatImage } from '../fat/fat-image.js';
import { GRUB_MKIMAGE, runTool } from '../tool.js';
import { ustar } from '../ustar.js';

const EVERYWHERE = [
  ...['memdisk', 'tar', 'normal', 'iso9660', 'search', 'search_label', 'search_fs_file', 'configfile'],
  ...['linux', 'boot', 'test', 'echo', 'sleep', 'halt'],
];
/**
 * GRUB's own drivers on BIOS: SeaBIOS shows GRUB only the CD that it booted, and `nativedisk` cannot leave it
 * without losing that one. They find what hangs on IDE and SATA; a medium on virtio-blk would need the
 * firmware's driver, which cannot be used together with them.
 */
const BIOS_DRIVERS = ['pata', 'ahci', 'scsi'];
/** Without a driver for the screen the kernel is started blind: nothing is seen until its own driver runs. */
const UEFI_DRIVERS = ['efi_gop', 'efi_uga', 'video_bochs', 'video_cirrus'];
/** 1980-01-01, the first day that FAT knows: the images are the same whoever asks for them first. */
const NO_DATE = 315_532_800;

/** GRUB as grub-mkimage makes it. */
export interface GrubCore {
  format: 'i386-pc-eltorito' | 'x86_64-efi';
  /** Folder of grub.cfg. */
  prefix: string;
  /** In the order in which they are loaded. */
  modules: readonly string[];
  /** grub.cfg in a memory disk of its own. */
  config?: string;
}

export interface GrubImages {
  /** No-emulation boot image for BIOS: cdboot.img and the core. */
  bios: Buffer;
  /** FAT image with EFI/BOOT/BOOTX64.EFI. */
  efi: Buffer;
}

/**
 * What this process has made: grub-mkimage takes 0.2 s for BIOS, most of it for LZMA, and the same input
 * gives the same bytes.
 */
const made = new Map<string, Promise<unknown>>();

/** Those who ask while it is made wait for it; a failure is not kept. */
function once<T>(key: string, make: () => Promise<T>): Promise<T> {
  const known = made.get(key) as Promise<T> | undefined;
  if (known) return known;
  const making = make();
  made.set(key, making);
  making.catch(() => made.delete(key));
  return making;
}

/**
 * Made once in this process, so keep what is different for each medium out of `config`.
 * @param scratch an existing folder to work in; nothing stays there
 * @throws AppError `media.grub_mkimage_missing` (503), `media.image_failed` (500)
 */
export function grubCore(scratch: string, core: GrubCore): Promise<Buffer> {
  return once(JSON.stringify(core), async () => {
    const { format, prefix, modules, config } = core;
    const folder = await mkdtemp(join(scratch, 'grub-'));
    try {
      const [memdisk, output] = [join(folder, 'memdisk.tar'), join(folder, 'core')];
      if (config !== undefined) await writeFile(memdisk, ustar('boot/grub/grub.cfg', Buffer.from(config)));
      const disk = config === undefined ? [] : ['-m', memdisk];
      await runTool(GRUB_MKIMAGE, ['-O', format, ...disk, '-p', prefix, '-o', output, ...modules]);
      return await readFile(output);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

/**
 * GRUB as El Torito boot images for BIOS and UEFI on x86_64, with its configuration inside. About 0.9 MB
 * together.
 * @param scratch an existing folder to work in; nothing stays there
 * @param modules that each core has besides those that every configuration needs
 * @throws AppError as `grubCore` and `makeFatImage`
 */
export function grubImages(
  scratch: string,
  config: string,
  modules = { bios: BIOS_DRIVERS, uefi: UEFI_DRIVERS },
): Promise<GrubImages> {
  const common = { prefix: '(memdisk)/boot/grub', config };
  const bios: GrubCore = {
    ...common,
    format: 'i386-pc-eltorito',
    modules: [...EVERYWHERE, ...modules.bios, 'serial', 'terminal'],
  };
  const uefi: GrubCore = { ...common, format: 'x86_64-efi', modules: [...EVERYWHERE, ...modules.uefi] };
  return once(JSON.stringify([bios, uefi]), async () => {
    const parts = [grubCore(scratch, bios), grubCore(scratch, uefi).then((core) => inFat(scratch, core))];
    // Neither is left running in a folder that its owner is about to remove.
    await Promise.allSettled(parts);
    const [forBios, forUefi] = await Promise.all(parts);
    if (!forBios || !forUefi) throw new Error('two boot images were made and are not there');
    return { bios: forBios, efi: forUefi };
  });
}

/** Where UEFI looks for the program of a removable medium. */
async function inFat(scratch: string, program: Buffer): Promise<Buffer> {
  const folder = await mkdtemp(join(scratch, 'efi-'));
  try {
    const [contents, image] = [join(folder, 'contents'), join(folder, 'efi.img')];
    await mkdir(join(contents, 'EFI/BOOT'), { recursive: true });
    await writeFile(join(contents, 'EFI/BOOT/BOOTX64.EFI'), program);
    await makeFatImage({
      folder: contents,
      image,
      label: 'EFI',
      volumeId: '1f1b0a70',
      sourceDateEpoch: NO_DATE,
    });
    return await readFile(image);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

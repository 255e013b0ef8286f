import { rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MediaError } from '../codes.js';
import type { SeedFile } from '../families/seed-file.js';
import { type Installer, installerBoot, type VendorVolume } from '../families/installer.js';
import { CHAIN_CONFIG, CHAIN_START, chainConfig } from './chain-config.js';
import { bootEntries } from '../vendor/el-torito.js';
import { grubImages } from '../image/grub/grub-images.js';
import { ImageFile } from '../vendor/image-file.js';
import { Iso9660 } from '../vendor/iso9660.js';
import { writeSeedFolder } from '../image/seed-folder.js';
import { makeSeedImage } from '../image/iso.js';
import type { WrittenFile } from '../image/written-file.js';

/** As paths inside the image. */
const BOOT = { bios: 'boot/bios.img', efi: 'boot/efi.img' };

/**
 * Makes the image that starts an installer from the vendor's untouched ISO, and is its seed as well: GRUB for
 * BIOS and UEFI, the seed's files at the root, the seed's label. So the installer finds its answers by label,
 * with or without the kernel arguments that say so. 1 to 2 MB. The same input gives the same bytes.
 * @param folder a folder that does not exist yet; it is gone afterwards
 * @param iso what `identifyVendorIso` found: its volume id is what GRUB searches for
 * @throws AppError `media.grub_mkimage_missing` and others (503) with the command to type,
 * `media.image_failed` (500)
 */
export async function makeChainIso(options: {
  folder: string;
  image: string;
  installer: Installer;
  label: string;
  iso: VendorVolume;
  files: SeedFile[];
  sourceDateEpoch: number;
}): Promise<WrittenFile> {
  const { folder, image, installer, label, iso, files, sourceDateEpoch } = options;
  const config = chainConfig(iso.volumeId, installerBoot(installer, iso));
  try {
    const names = await writeSeedFolder(folder, [...files, { name: CHAIN_CONFIG, content: config }]);
    const { bios, efi } = await grubImages(dirname(image), CHAIN_START);
    await writeFile(join(folder, BOOT.bios), bios);
    await writeFile(join(folder, BOOT.efi), efi);
    names.push(BOOT.bios, BOOT.efi);
    const made = await makeSeedImage({ folder, image, label, names, sourceDateEpoch, boot: BOOT });
    await checkBoots(image);
    return { ...made, kind: 'chain' };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @throws AppError when the firmware would not find both boot images */
async function checkBoots(image: string): Promise<void> {
  const file = await ImageFile.open(image);
  try {
    const iso = await Iso9660.open(file);
    const platforms = iso ? (await bootEntries(file, iso)).map(({ platform }) => platform) : [];
    if (!platforms.includes('bios') || !platforms.includes('uefi'))
      throw new MediaError(
        'media.image_failed',
        `the image was read back and boots for ${platforms.join(', ') || 'no firmware'} only`,
      );
  } finally {
    await file.close();
  }
}

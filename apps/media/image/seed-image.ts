import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BootLoader, CopiedFile, SeedFile } from '../families/seed-file.js';
import { makeFatImage } from './fat/fat-image.js';
import { grubCore } from './grub/grub-images.js';
import { writeSeedFolder } from './seed-folder.js';
import { makeSeedImage } from './iso.js';
import type { WrittenFile } from './written-file.js';

/** Where UEFI looks on a removable disk. */
const BOOT_FOLDER = 'EFI/BOOT';

export interface SeedImage {
  /** A folder that is not there yet; the seed's files stay in it. */
  folder: string;
  image: string;
  label: string;
  files: SeedFile[];
  /** From elsewhere, such as drivers. */
  copied: CopiedFile[];
  sourceDateEpoch: number;
}

/** A plain seed: an ISO image with both kinds of long names, for a CD. @throws as `makeSeedImage` */
export async function makeIsoSeed(options: SeedImage): Promise<WrittenFile> {
  const { folder, image, label, files, copied, sourceDateEpoch } = options;
  const names = await writeSeedFolder(folder, files, copied);
  return makeSeedImage({ folder, image, label, names, sourceDateEpoch });
}

/**
 * A seed that boots on x86_64 UEFI machines without Secure Boot, for a removable disk.
 * @param options.mediaId the disk's serial number is made of it
 * @throws AppError as `makeFatImage` and `grubCore`
 */
export async function makeBootableSeed(
  options: SeedImage & { loader: BootLoader; mediaId: string },
): Promise<WrittenFile> {
  const { folder, image, label, files, copied, loader, mediaId, sourceDateEpoch } = options;
  const config = { name: `${BOOT_FOLDER}/grub.cfg`, content: loader.config };
  await writeSeedFolder(folder, [...files, config], copied);
  const core = { format: 'x86_64-efi', prefix: `/${BOOT_FOLDER}`, modules: loader.modules } as const;
  await writeFile(join(folder, BOOT_FOLDER, 'BOOTX64.EFI'), await grubCore(dirname(image), core));
  const volumeId = createHash('sha256').update(mediaId).digest('hex').slice(0, 8);
  return makeFatImage({ folder, image, label, volumeId, sourceDateEpoch });
}

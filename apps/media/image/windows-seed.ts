import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CopiedFile, SeedFile } from '../families/seed-file.js';
import { BOOT_MODULES, bootScript } from '../families/windows/boot-script.js';
import { makeFatImage } from './fat/fat-image.js';
import { grubCore } from './grub/grub-images.js';
import { writeSeedFolder } from './seed-folder.js';
import { makeSeedImage } from './iso.js';
import type { WrittenFile } from './written-file.js';

/** Setup takes any label; this one tells people what the disk is. FAT has room for eleven characters. */
export const WINDOWS_LABEL = 'INFINIBAY';
/** Where UEFI looks on a removable disk. */
const BOOT_FOLDER = 'EFI/BOOT';

export interface WindowsSeedImage {
  /** A folder that is not there yet; the seed's files stay in it. */
  folder: string;
  image: string;
  files: SeedFile[];
  /** Drivers and guest tools. */
  copied: CopiedFile[];
  /** As in the seed's own files. */
  instanceId: string;
  sourceDateEpoch: number;
}

/** A plain seed: an ISO image with both kinds of long names, for a CD. Windows setup finds it on any drive. @throws as `makeSeedImage` */
export async function makeWindowsSeed(options: WindowsSeedImage): Promise<WrittenFile> {
  const { folder, image, files, copied, sourceDateEpoch } = options;
  const names = await writeSeedFolder(folder, files, copied);
  return makeSeedImage({ folder, image, label: WINDOWS_LABEL, names, sourceDateEpoch });
}

/**
 * A seed that boots on x86_64 UEFI machines without Secure Boot, for a removable disk: GRUB starts the Windows that this seed has installed, or else the
 * vendor's setup without its "Press any key to boot from CD or DVD".
 * @throws AppError as `makeFatImage` and `grubCore`
 */
export async function makeBootableWindowsSeed(options: WindowsSeedImage): Promise<WrittenFile> {
  const { folder, image, files, copied, instanceId, sourceDateEpoch } = options;
  const script = { name: `${BOOT_FOLDER}/grub.cfg`, content: bootScript(instanceId) };
  await writeSeedFolder(folder, [...files, script], copied);
  const core = { format: 'x86_64-efi', prefix: `/${BOOT_FOLDER}`, modules: BOOT_MODULES } as const;
  await writeFile(join(folder, BOOT_FOLDER, 'BOOTX64.EFI'), await grubCore(dirname(image), core));
  const volumeId = createHash('sha256').update(instanceId).digest('hex').slice(0, 8);
  return makeFatImage({ folder, image, label: WINDOWS_LABEL, volumeId, sourceDateEpoch });
}

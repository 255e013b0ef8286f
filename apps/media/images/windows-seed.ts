import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { CopiedFile, SeedFile } from '../core/answer.js';
import { BOOT_MODULES, bootScript } from '../core/windows/boot-script.js';
import { makeFatImage } from './fat-image.js';
import { runTool } from './run-tool.js';
import { makeSeedImage, type WrittenFile } from './seed-image.js';
import { writeSeedTree } from './seed-tree.js';

/** Setup takes any label; this one tells people what the disk is. FAT has room for eleven characters. */
export const WINDOWS_LABEL = 'INFINIBAY';
const DEADLINE_MS = 60_000;

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
  const names = await writeSeedTree(folder, files, copied);
  return makeSeedImage({ folder, image, label: WINDOWS_LABEL, names, sourceDateEpoch });
}

/**
 * A seed that boots on x86_64 UEFI machines without Secure Boot, for a removable disk: GRUB starts the Windows that this seed has installed, or else the
 * vendor's setup without its "Press any key to boot from CD or DVD".
 * @throws AppError as `makeFatImage`
 */
export async function makeBootableWindowsSeed(options: WindowsSeedImage): Promise<WrittenFile> {
  const { folder, image, files, copied, instanceId, sourceDateEpoch } = options;
  await writeSeedTree(folder, files, copied);
  const boot = join(folder, 'EFI/BOOT');
  await mkdir(boot, { recursive: true, mode: 0o700 });
  await writeFile(join(boot, 'grub.cfg'), bootScript(instanceId), { mode: 0o600, flush: true });
  await runTool(
    'grub-mkimage',
    ['-O', 'x86_64-efi', '-p', '/EFI/BOOT', '-o', join(boot, 'BOOTX64.EFI'), ...BOOT_MODULES],
    { package: 'grub-efi-amd64-bin grub-common', deadlineMs: DEADLINE_MS },
  );
  const volumeId = createHash('sha256').update(instanceId).digest('hex').slice(0, 8);
  const made = await makeFatImage({ folder, image, label: WINDOWS_LABEL, volumeId, sourceDateEpoch });
  return { name: basename(image), kind: 'seed', ...made };
}

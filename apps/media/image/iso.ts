import { MediaError } from '../codes.js';
import { readIso } from '../vendor/iso9660.js';
import type { Permissions } from '../vendor/iso9660-records.js';
import { runTool, XORRISO } from './tool.js';
import { finishFile, type WrittenFile } from './written-file.js';

/** Of everything in an image of ours, in Rock Ridge: whoever mounts it, nobody but root reads it. */
export const SEED_MODES = { file: 0o400, folder: 0o500 } as const;

/**
 * Makes an ISO 9660 image with Joliet and Rock Ridge from a folder, and reads it back: both labels and all
 * names must be there, and only root may read them (`-r` would let all). The same input gives the same bytes
 * when SOURCE_DATE_EPOCH is set.
 * @param options.names paths in the folder, with `/` between
 * @throws AppError `media.xorriso_missing` (503) with the command to type, `media.image_failed` (500)
 */
export async function makeSeedImage(options: {
  folder: string;
  image: string;
  label: string;
  names: string[];
  sourceDateEpoch: number;
  /** Boot images for El Torito, as paths inside the folder. */
  boot?: { bios: string; efi: string };
}): Promise<WrittenFile> {
  const { folder, image, label, names, sourceDateEpoch, boot } = options;
  const date = xorrisoDate(sourceDateEpoch);
  await runTool(
    XORRISO,
    [
      '-as',
      'mkisofs',
      '-quiet',
      '-J',
      '-R',
      ...['-uid', '0', '-gid', '0'],
      ...['-file-mode', octal(SEED_MODES.file), '-dir-mode', octal(SEED_MODES.folder)],
      '-V',
      label,
      `--modification-date=${date}`,
      '--set_all_file_dates',
      date,
      ...(boot ? bootArguments(boot) : []),
      '-o',
      image,
      folder,
    ],
    { sourceDateEpoch },
  );
  const written = await finishFile(image, 'seed');
  const contents = await readIso(image);
  const missing = names.filter(
    (name) => !contents.rockRidgeNames.includes(name) || !contents.jolietNames.includes(name),
  );
  const open = contents.rockRidgeNames.filter((name) => isForOthers(contents.permissions.get(name)));
  if (contents.label !== label || contents.jolietLabel !== label || missing.length > 0 || open.length > 0) {
    throw new MediaError(
      'media.image_failed',
      `the image was read back and is not what was asked for: label ${contents.label}/${contents.jolietLabel}, missing ${missing.join(', ') || 'nothing'}, not root's alone ${open.join(', ') || 'nothing'}`,
    );
  }
  return written;
}

/** Octal, as xorriso takes it. */
export const octal = (mode: number): string => mode.toString(8).padStart(4, '0');

/** Whether somebody else than root could read it. */
export const isForOthers = (found: Permissions | null | undefined): boolean =>
  !found || found.uid !== 0 || found.gid !== 0 || (found.mode & 0o077) !== 0;

/**
 * One image for both firmwares. GRUB's own core wants its place in the boot info table (xorrisofs,
 * --grub2-boot-info).
 */
function bootArguments({ bios, efi }: { bios: string; efi: string }): string[] {
  return [
    ...['-b', bios, '-no-emul-boot', '-boot-load-size', '4', '-boot-info-table', '--grub2-boot-info'],
    ...['-eltorito-alt-boot', '-e', efi, '-no-emul-boot'],
  ];
}

/**
 * How xorriso takes the dates that it writes: in UTC, with hundredths. It takes the second 0 for no date, and
 * then has the clock's.
 */
export function xorrisoDate(sourceDateEpoch: number): string {
  const date = new Date(Math.max(sourceDateEpoch, 1) * 1000);
  return `${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}00`;
}

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, open, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '#runtime';
import type { SeedFile } from '../core/answer.js';
import { readIso } from './iso9660.js';
import { runTool, XORRISO } from './tool.js';

export interface WrittenFile {
  name: string;
  kind: string;
  /** Bytes. */
  size: number;
  sha256: string;
}

/** Writes files (0600) into a folder of their own and makes them durable. */
export async function writeSeedFolder(folder: string, files: SeedFile[]): Promise<WrittenFile[]> {
  await mkdir(folder, { mode: 0o700 });
  const written: WrittenFile[] = [];
  for (const { name, content } of files) {
    await writeFile(join(folder, name), content, { mode: 0o600, flush: true });
    written.push({
      name,
      kind: 'cidata',
      size: Buffer.byteLength(content),
      sha256: createHash('sha256').update(content).digest('hex'),
    });
  }
  return written;
}

/**
 * Makes an ISO 9660 image with Joliet and Rock Ridge from a folder, and reads it back: both labels and all names must be there.
 * The same input gives the same bytes when SOURCE_DATE_EPOCH is set.
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
  const date = new Date(sourceDateEpoch * 1000).toISOString().replace(/[-:T]/g, '').slice(0, 14);
  await runTool(
    XORRISO,
    [
      '-as',
      'mkisofs',
      '-quiet',
      '-J',
      '-r',
      '-V',
      label,
      `--modification-date=${date}00`,
      '--set_all_file_dates',
      `${date}00`,
      ...(boot ? bootArguments(boot) : []),
      '-o',
      image,
      folder,
    ],
    { sourceDateEpoch },
  );
  await chmod(image, 0o600);
  await syncFile(image);
  const contents = await readIso(image);
  const missing = names.filter(
    (name) => !contents.rockRidgeNames.includes(name) || !contents.jolietNames.includes(name),
  );
  if (contents.label !== label || contents.jolietLabel !== label || missing.length > 0) {
    throw new AppError(
      'media.image_failed',
      500,
      `the image was read back and is not what was asked for: label ${contents.label}/${contents.jolietLabel}, missing ${missing.join(', ') || 'nothing'}`,
    );
  }
  return {
    name: image.slice(image.lastIndexOf('/') + 1),
    kind: 'seed',
    size: (await stat(image)).size,
    sha256: await sha256OfFile(image),
  };
}

/** One image for both firmwares. GRUB's own core wants its place in the boot info table (xorrisofs, --grub2-boot-info). */
function bootArguments({ bios, efi }: { bios: string; efi: string }): string[] {
  return [
    ...['-b', bios, '-no-emul-boot', '-boot-load-size', '4', '-boot-info-table', '--grub2-boot-info'],
    ...['-eltorito-alt-boot', '-e', efi, '-no-emul-boot'],
  ];
}

export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
}

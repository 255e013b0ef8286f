import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MediaError } from '../codes.js';
import type { Installer } from '../families/installer.js';
import { type Extent, type ImageFile, lengthOf } from '../vendor/image-file.js';
import { Iso9660 } from '../vendor/iso9660.js';
import { withVendorIso } from '../vendor/identify.js';

const CHUNK = 4 * 1024 * 1024;
/** Bytes; the largest initrd of the families here has some 200 MB. */
const MAX_BYTES = 1024 * 1024 * 1024;

/**
 * Copies the installer's kernel and initrd out of the vendor's ISO, for direct kernel boot: only their own
 * bytes are read. Both are there whole, or neither.
 * @param folder an existing folder; the files in it are named `kernel` and `initrd`
 * @throws AppError `media.vendor_iso_no_kernel` (400) with the paths that are missing, and as
 * `identifyVendorIso` does
 */
export async function copyKernelFiles(
  isoPath: string,
  wanted: Pick<Installer, 'kernel' | 'initrd'>,
  folder: string,
): Promise<{ kernel: string; initrd: string }> {
  const to = { kernel: join(folder, 'kernel'), initrd: join(folder, 'initrd') };
  return withVendorIso(isoPath, async (file) => {
    const iso = await Iso9660.open(file);
    if (!iso) throw new Error('it is not an ISO image');
    const found = { kernel: await iso.find(wanted.kernel), initrd: await iso.find(wanted.initrd) };
    const { kernel, initrd } = found;
    if (!kernel || !initrd)
      throw new MediaError(
        'media.vendor_iso_no_kernel',
        `vendorIso: ${isoPath} has no ${[kernel ? '' : wanted.kernel, initrd ? '' : wanted.initrd].filter(Boolean).join(' and no ')}: give the installer's ISO, not a copy of parts of it`,
      );
    try {
      await copyOut(file, kernel, to.kernel);
      await copyOut(file, initrd, to.initrd);
    } catch (error) {
      await rm(to.kernel, { force: true });
      throw error;
    }
    return to;
  });
}

async function copyOut(file: ImageFile, extents: Extent[], path: string): Promise<void> {
  const length = lengthOf(extents);
  if (length === 0 || length > MAX_BYTES) throw new Error(`a kernel or initrd has ${length} bytes`);
  const unfinished = `${path}.part`;
  const target = await open(unfinished, 'wx', 0o644);
  try {
    for (let at = 0; at < length; at += CHUNK)
      await target.write(await file.readFrom(extents, at, Math.min(CHUNK, length - at)));
    await target.sync();
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  } finally {
    await target.close();
  }
  await rename(unfinished, path);
}

import { open, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AppError } from '#runtime';
import { FAMILIES } from '../families/family.js';
import type { Installer } from '../families/installer.js';
import { describeFile } from '../image/written-file.js';
import { cd } from '../plan/devices.js';
import { type Extent, type ImageFile, lengthOf } from '../vendor/image-file.js';
import { Iso9660 } from '../vendor/iso9660.js';
import { withVendorIso } from '../vendor/identify.js';
import { type Delivery, given } from './delivery.js';
import { installerFaults } from './installer-faults.js';
import { makePlainSeed } from './seed.js';
import { kernelSteps } from './steps.js';

const CHUNK = 4 * 1024 * 1024;
/** Bytes; the largest initrd of the families here has some 200 MB. */
const MAX_BYTES = 1024 * 1024 * 1024;

const MIB = 1_048_576;
/** Kernel and initrd of the installers here have up to 120 MB. */
const KERNEL_BYTES = 256 * MIB;

/** The seed, and the installer's kernel and initrd beside it for whoever starts the machine. */
export const directKernel: Delivery = {
  faults: (request) => installerFaults(request, () => `${request.delivery} is for the Linux families`),
  neededBytes: ({ os }) => FAMILIES[os.family].seedBytes + KERNEL_BYTES,
  make: async (order) => {
    const { request, iso, folder } = order;
    const { kernel, initrd } = await copyKernelFiles(
      given(iso).path,
      given(FAMILIES[request.os.family].installer),
      folder,
    );
    const seed = await makePlainSeed(order);
    const copied = await Promise.all([describeFile(kernel, 'kernel'), describeFile(initrd, 'initrd')]);
    return {
      ...seed,
      files: [...seed.files, ...copied],
      kernelFiles: { kernel: basename(kernel), initrd: basename(initrd) },
    };
  },
  attachments: (request, { seed, vendorIso }) => [
    cd(request, 'seed', { bootindex: null, path: seed }),
    cd(request, 'vendor-iso', { bootindex: 2, path: vendorIso }),
  ],
  bootsVendorIso: false,
  startsKernel: true,
  unsignedLoader: null,
  steps: (_request, { kernel }) => (kernel ? kernelSteps(kernel) : []),
  detached: () => 'seed',
};

/**
 * Copies the installer's kernel and initrd out of the vendor's ISO, for direct kernel boot: only their own bytes are read. Both are there whole, or
 * neither.
 * @param folder an existing folder; the files in it are named `kernel` and `initrd`
 * @throws AppError `media.vendor_iso_no_kernel` (400) with the paths that are missing, and as `identifyVendorIso` does
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
      throw new AppError(
        'media.vendor_iso_no_kernel',
        400,
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

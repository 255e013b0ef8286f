import { basename } from 'node:path';
import { FAMILIES } from '../families/family.js';
import { describeFile } from '../image/written-file.js';
import { cd } from '../plan/devices.js';
import { type Delivery, given } from './delivery.js';
import { installerFaults } from './installer-faults.js';
import { copyKernelFiles } from './kernel-files.js';
import { makePlainSeed } from './seed.js';
import { kernelSteps } from './steps.js';

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
  detached: () => 'seed and the vendor ISO',
};

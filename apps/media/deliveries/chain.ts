import { join } from 'node:path';
import { FAMILIES } from '../families/family.js';
import { cd } from '../plan/devices.js';
import { makeChainIso } from './chain-iso.js';
import { type Delivery, given } from './delivery.js';
import { installerFaults } from './installer-faults.js';
import { mediumSteps } from './steps.js';

const MIB = 1_048_576;

/**
 * A small ISO with a boot loader and the seed, which starts the installer from the vendor's untouched ISO.
 */
export const chain: Delivery = {
  faults: (request) => {
    const { architecture } = request.os;
    const faults = installerFaults(request, () => `${request.delivery} is for the Linux families`);
    // Neither fault of those is about a request that an installer could be started for.
    if (faults.some(({ path }) => path === 'delivery') || architecture === 'x86_64') return faults;
    return [
      {
        path: 'delivery',
        message: `there is no boot loader for a chain ISO on ${architecture}`,
        remedy: 'use direct-kernel, which needs none',
      },
      ...faults,
    ];
  },
  neededBytes: () => 16 * MIB,
  make: async ({ request, iso, files, label, folder, sourceDateEpoch }) => {
    const image = 'chain.iso';
    const made = await makeChainIso({
      folder: join(folder, 'cidata'),
      image: join(folder, image),
      installer: given(FAMILIES[request.os.family].installer),
      label,
      iso: given(iso),
      files,
      sourceDateEpoch,
    });
    return { files: [made], image };
  },
  // Of UEFI's devices only those with a bootindex are connected, so that GRUB sees the vendor's ISO.
  attachments: (request, { seed, vendorIso }) => [
    cd(request, 'chain', { bootindex: 2, path: seed }),
    cd(request, 'vendor-iso', { bootindex: 3, path: vendorIso }),
  ],
  bootsVendorIso: false,
  startsKernel: false,
  unsignedLoader: 'chain ISO',
  steps: () => mediumSteps('chain ISO'),
  detached: () => 'chain ISO and the vendor ISO',
};

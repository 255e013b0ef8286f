import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FAMILIES } from '../families/family.js';
import { cd } from '../plan/devices.js';
import { type Delivery, given } from './delivery.js';
import { installerFaults } from './installer-faults.js';
import { remasterIso } from './remaster-iso.js';
import { mediumSteps } from './steps.js';

const MIB = 1_048_576;

/** A copy of the vendor's ISO that installs by itself. */
export const remaster: Delivery = {
  faults: (request) =>
    installerFaults(request, (title) => `${title} media are UDF, which is not written here`),
  neededBytes: async ({ vendorIso }) => 64 * MIB + (await stat(vendorIso ?? '/')).size,
  make: async ({ request, iso, files, folder, sourceDateEpoch }) => {
    const image = 'install.iso';
    const made = await remasterIso({
      iso: given(iso),
      installer: given(FAMILIES[request.os.family].installer),
      folder: join(folder, 'cidata'),
      image: join(folder, image),
      files,
      sourceDateEpoch,
    });
    return { files: [made], image };
  },
  attachments: (request, { seed }) => [cd(request, 'remaster', { bootindex: 2, path: seed })],
  bootsVendorIso: true,
  startsKernel: false,
  unsignedLoader: null,
  steps: () => mediumSteps('remastered ISO'),
  detached: () => 'remastered ISO',
};

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '#runtime';
import { FAMILIES } from '../families/family.js';
import { makeBootableSeed, makeIsoSeed, type SeedImage } from '../image/seed-image.js';
import { finishFile } from '../image/written-file.js';
import { attachment, cd, seedBootsItself } from '../plan/devices.js';
import { WHEN } from '../plan/when.js';
import type { ResolvedDrivers } from '../vendor/drivers.js';
import type { Delivery, DeliveryOrder, Made } from './delivery.js';
import { kernelSteps } from './steps.js';

const CONTENTS = 'cidata';

/** The seed alone: beside the vendor's medium, or on the disk's own bus beside a cloud image. */
export const seed: Delivery = {
  faults: () => [],
  neededBytes: ({ os }, driverBytes) => FAMILIES[os.family].seedBytes + 3 * driverBytes,
  make: makeSeed,
  attachments: (request, { seed: path, vendorIso, seedForm }) => {
    // A cloud image may have a kernel without CD drivers; it always has virtio-blk.
    if (request.source === 'cloud-image')
      return [attachment('seed', { bus: 'virtio', kind: 'disk', bootindex: null, path })];
    const vendor = (bootindex: number) => cd(request, 'vendor-iso', { bootindex, path: vendorIso });
    if (seedForm === 'iso') return [cd(request, 'seed', { bootindex: null, path }), vendor(2)];
    // Setup looks for answers on removable writable media before others, and a read-only SATA disk is none
    // that QEMU has.
    const usb = (bootindex: number | null) =>
      attachment('seed', { bus: 'usb', kind: 'disk', bootindex, path });
    return seedBootsItself(request, seedForm)
      ? // Before the disk: its loader starts what this very seed has installed, and setup while a disk holds nothing or another system.
        [usb(1), vendor(3)]
      : [usb(null), vendor(2)];
  },
  bootsVendorIso: true,
  startsKernel: true,
  unsignedLoader: null,
  steps: (request, { kernel, seedForm }) => {
    if (request.source === 'cloud-image')
      return [{ when: WHEN.first, do: 'boot the disk; its size may be grown before' }];
    if (kernel) return kernelSteps(kernel);
    const { title } = FAMILIES[request.os.family];
    return seedBootsItself(request, seedForm)
      ? [
          {
            when: WHEN.first,
            do: 'start the machine: the seed boots and starts setup from the vendor ISO',
          },
          { when: WHEN.restart, do: `nothing: the seed starts the ${title} that it has installed` },
        ]
      : [
          {
            when: WHEN.first,
            do: 'start the machine and press the key in keys as often as it says: the vendor ISO asks for one before it boots',
          },
          {
            when: WHEN.restart,
            do: 'nothing: the installed disk boots before the media; press no key',
          },
        ];
  },
  detached: ({ source }) => (source === 'cloud-image' ? 'seed' : 'seed and the vendor ISO'),
};

/** As one that boots by itself where the family has a loader for the machine, as a plain one otherwise. */
async function makeSeed(order: DeliveryOrder): Promise<Made> {
  const { loader, mediaId, folder } = order;
  if (!loader) return makePlainSeed(order);
  const image = 'seed.img';
  const made = await makeBootableSeed({ ...contents(order, image), loader, mediaId });
  await rm(join(folder, CONTENTS), { recursive: true });
  return { files: [made], image, seedForm: 'fat' };
}

/**
 * An image, or, where xorriso is missing and no drivers go along, its files in a folder and the step that
 * makes it.
 */
export async function makePlainSeed(order: DeliveryOrder): Promise<Made> {
  const { files, drivers, folder, logger } = order;
  const image = 'seed.iso';
  const options = contents(order, image);
  try {
    const made = await makeIsoSeed(options);
    await rm(options.folder, { recursive: true });
    return { files: [made], image, seedForm: 'iso' };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'media.xorriso_missing' || drivers) throw error;
    logger.warn(error.message);
    const inFolder = files.map(async ({ name }) => ({
      ...(await finishFile(join(folder, CONTENTS, name), 'cidata')),
      name,
    }));
    return {
      files: await Promise.all(inFolder),
      image,
      step: {
        when: WHEN.before,
        do: `${error.message}; until then this medium is a folder of files, not an image`,
      },
    };
  }
}

const contents = (
  { folder, files, label, drivers, sourceDateEpoch }: DeliveryOrder,
  image: string,
): SeedImage => ({
  folder: join(folder, CONTENTS),
  image: join(folder, image),
  label,
  files,
  copied: drivers ? driverFiles(drivers) : [],
  sourceDateEpoch,
});

const driverFiles = ({ winpe, system, guestTools }: ResolvedDrivers) => [
  ...winpe,
  ...system,
  ...(guestTools ? [guestTools] : []),
];

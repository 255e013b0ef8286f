import type { Fault, MediaPlan, MediaRequest } from '#protocol';
import type { Logger } from '#runtime';
import type { BootLoader, SeedFile } from '../families/seed-file.js';
import type { WrittenFile } from '../image/written-file.js';
import type { Attachment, MediaPaths, SeedForm } from '../plan/devices.js';
import type { ResolvedDrivers } from '../vendor/drivers.js';
import type { VendorIso } from '../vendor/vendor-iso.js';

export type Steps = MediaPlan['steps'];

/** What the files of a medium are made of. */
export interface DeliveryOrder {
  request: MediaRequest;
  /** What the vendor's ISO is; null when none was given. */
  iso: VendorIso | null;
  drivers: ResolvedDrivers | null;
  /** The seed's own files. */
  files: SeedFile[];
  label: string;
  /** Makes the seed boot by itself; null: it does not. */
  loader: BootLoader | null;
  mediaId: string;
  /** An empty folder to build in. */
  folder: string;
  /** Seconds since 1970 for all dates inside. */
  sourceDateEpoch: number;
  logger: Pick<Logger, 'warn'>;
}

/** What was made in the folder. */
export interface Made {
  files: WrittenFile[];
  /** The name of the image that is attached. */
  image: string;
  seedForm?: SeedForm;
  /** Names of the installer's kernel and initrd, when they were copied out of the vendor's ISO. */
  kernelFiles?: { kernel: string; initrd: string };
  /** What is to be done before the plan's own steps. */
  step?: Steps[number];
}

/** A way in which the seed and the installer reach a machine. */
export interface Delivery {
  /** Why it is none for that request; all faults, and none when it is one. */
  faults(request: MediaRequest): Fault[];
  /** Bytes that it takes while it is built, at the most. @param driverBytes of all drivers that go along */
  neededBytes(request: MediaRequest, driverBytes: number): number | Promise<number>;
  /**
   * @throws AppError `media.image_failed` (500), `media.<tool>_missing` (503) and what the vendor's ISO lacks
   */
  make(order: DeliveryOrder): Promise<Made>;
  /** The media beside the system disk, in boot order. */
  attachments(request: MediaRequest, paths: MediaPaths): Attachment[];
  /** Whether the firmware itself boots the vendor's ISO, or a copy of it. */
  bootsVendorIso: boolean;
  /** Whether the first start is a direct kernel boot, where the family has an installer for it. */
  startsKernel: boolean;
  /**
   * What carries a boot loader of ours, which no firmware with Secure Boot would start; null: nothing does.
   */
  unsignedLoader: string | null;
  /** What is done from the first start to the first restart. */
  steps(request: MediaRequest, plan: { kernel: MediaPlan['kernel']; seedForm: SeedForm }): Steps;
  /** What is detached when the machine is installed. */
  detached(request: MediaRequest): string;
}

/** `Delivery.faults` has refused requests without it. */
export function given<T>(what: T | null): T {
  if (what === null) throw new Error('a delivery that needs the vendor ISO came without one');
  return what;
}

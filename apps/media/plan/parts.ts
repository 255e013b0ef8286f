import type { MediaPlan, PlanCard } from '#protocol';
import type { VendorIso } from '../vendor/vendor-iso.js';
import type { Attachment, SeedForm } from './devices.js';

export interface PlanPaths {
  /** The image that was made: the seed, or what carries it. */
  seed: string;
  /** The machine's channel. */
  socket: string;
  /** What the gateway does there: QEMU does the other. */
  socketMode: 'connect' | 'listen';
  /** What the vendor's ISO is; without it the plan may have a placeholder for its volume id. */
  iso?: VendorIso | null;
  /** Kernel and initrd that were copied out of the vendor's ISO. */
  kernelFiles?: { kernel: string; initrd: string } | null;
  seedForm?: SeedForm;
}

/** What both of the plan's forms are made of. */
export interface PlanParts {
  machine: NonNullable<MediaPlan['machine']>;
  media: Attachment[];
  cards: PlanCard[];
}

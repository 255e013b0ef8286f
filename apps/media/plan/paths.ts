import type { VendorIso } from '../vendor/vendor-iso.js';

export interface PlanPaths {
  /** The seed image; for delivery chain the chain ISO, for remaster the remastered ISO. */
  seed: string;
  /** The machine's channel. */
  socket: string;
  /** What the gateway does there: QEMU does the other. */
  socketMode: 'connect' | 'listen';
  /** What the vendor's ISO is; without it a kickstart family's plan has a placeholder for its volume id. */
  iso?: VendorIso | null;
  /** Kernel and initrd that were copied out of the vendor's ISO (delivery direct-kernel). */
  kernelFiles?: { kernel: string; initrd: string } | null;
  /** Windows: `fat` is the image that boots by itself under UEFI. */
  seedForm?: 'iso' | 'fat';
}

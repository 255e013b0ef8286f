import { z } from 'zod';
import { ExecutionDto } from '../api/executions.js';
import { wireTime } from '../api/fields.js';

/** A device that the hypervisor attaches for the installation. */
export const PlanDevice = z.object({
  role: z.enum(['system-disk', 'seed', 'vendor-iso', 'channel']),
  bus: z.enum(['virtio', 'sata', 'virtio-serial']),
  kind: z.enum(['disk', 'cdrom', 'serial-port']),
  /** Boot order, lower first; null: never booted from. */
  bootindex: z.number().int().nullable(),
  path: z.string(),
});

export const MediaPlan = z.object({
  devices: z.array(PlanDevice),
  /** Direct kernel boot for the first start only; null when the disk boots by itself. */
  kernel: z
    .object({ kernel: z.string(), initrd: z.string(), arguments: z.string(), from: z.string() })
    .nullable(),
  steps: z.array(z.object({ when: z.string(), do: z.string() })),
  /** QEMU arguments, one list entry an argument; placeholders {disk}, {vendorIso}, {seed}. */
  qemu: z.array(z.string()),
  /** A whole domain; the system disk is looked for in libvirt's default pool under the host name. */
  libvirtXml: z.string(),
});
export type MediaPlan = z.output<typeof MediaPlan>;

export const MediaFile = z.object({
  name: z.string(),
  kind: z.string(),
  /** Bytes. */
  size: z.number().int(),
  sha256: z.string(),
  url: z.string(),
});
export type MediaFile = z.output<typeof MediaFile>;

export const MediaResult = z.object({
  id: z.uuid(),
  machineId: z.uuid(),
  createdAt: wireTime,
  expiresAt: wireTime,
  files: z.array(MediaFile),
  plan: MediaPlan,
  executions: z.array(ExecutionDto),
});
export type MediaResult = z.output<typeof MediaResult>;

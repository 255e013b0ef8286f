import { z } from 'zod';
import { ExecutionDto } from '../api/executions.js';
import { wireTime } from '../api/fields.js';

/** A device that the hypervisor attaches for the installation. */
export const PlanDevice = z
  .object({
    /**
     * `chain`: boots the vendor's ISO, and is the seed; `remaster`: a copy of the vendor's ISO with the seed
     * inside.
     */
    role: z.enum(['system-disk', 'seed', 'chain', 'remaster', 'vendor-iso', 'channel']),
    bus: z.enum(['virtio', 'sata', 'usb', 'scsi', 'nvme', 'virtio-serial']),
    kind: z.enum(['disk', 'cdrom', 'serial-port']),
    /** Boot order, lower first; null: never booted from. */
    bootindex: z.number().int().nullable(),
    path: z.string(),
  })
  .meta({ id: 'PlanDevice', description: 'A device that the hypervisor attaches for the installation.' });
export interface PlanDevice extends z.output<typeof PlanDevice> {}

export const PlanFirmware = z
  .object({
    type: z.enum(['uefi', 'bios']),
    /**
     * `capable`: the firmware has it and no keys, so that nothing is enforced; Windows 11 asks for that much.
     */
    secureBoot: z.enum(['off', 'capable']),
    /**
     * QEMU arguments; placeholders {ovmfCode}, and {ovmfVars} for the machine's own copy of the variables.
     */
    qemu: z.array(z.string()),
  })
  .meta({ id: 'PlanFirmware', description: 'The firmware of the machine.' });

export const PlanTpm = z
  .object({
    version: z.literal('2.0'),
    /** QEMU arguments; placeholder {tpmSocket}. */
    qemu: z.array(z.string()),
    /**
     * Arguments of swtpm, which must run before the machine; placeholders {tpmState} (a folder of the
     * machine's own) and {tpmSocket}.
     */
    swtpm: z.array(z.string()),
  })
  .meta({ id: 'PlanTpm', description: 'The TPM that the system asks for.' });

/** Keys that someone must press when nothing else gets past a question of the boot loader. */
export const PlanKeys = z
  .object({
    when: z.string(),
    /** QEMU's name of the key, for `send-key` of its machine protocol. */
    qemuKey: z.string(),
    /** Arguments of virsh. */
    virsh: z.array(z.string()),
    everyMs: z.number().int(),
    forMs: z.number().int(),
  })
  .meta({
    id: 'PlanKeys',
    description: 'Keys that someone must press when nothing else gets past a question of the boot loader.',
  });

/** One thing of the request that is allowed and worth knowing. */
export const PlanWarning = z
  .object({
    path: z
      .string()
      .describe('Dotted path of the field, e.g. `network.0.match`; empty for the whole request.'),
    message: z.string(),
    remedy: z.string().describe('The way out.'),
    severity: z.literal('warning'),
    value: z.string().optional(),
  })
  .meta({ id: 'Warning', description: 'Something in a request that is allowed and worth knowing.' });

export const MediaPlan = z
  .object({
    warnings: z.array(PlanWarning),
    devices: z.array(PlanDevice),
    firmware: PlanFirmware,
    tpm: PlanTpm.nullable(),
    /** Direct kernel boot for the first start only; null when a medium or the disk boots by itself. */
    kernel: z
      .object({
        /** Paths on the vendor's ISO. */
        kernel: z.string(),
        initrd: z.string(),
        arguments: z.string(),
        from: z.string(),
        /** Where both were copied to; null: whoever starts the machine takes them out of the ISO. */
        files: z.object({ kernel: z.string(), initrd: z.string() }).nullable(),
      })
      .nullable(),
    keys: PlanKeys.nullable(),
    steps: z.array(z.object({ when: z.string(), do: z.string() })),
    /**
     * QEMU arguments for the devices, one list entry an argument; placeholders {disk}, {vendorIso}, {seed},
     * {chain}, {remaster}: a comma in what is put in their place is written twice.
     */
    qemu: z.array(z.string()),
    /**
     * What the first start has besides, and no later one: QEMU arguments (placeholders {kernel}, {initrd}),
     * and the whole domain with them.
     */
    firstStart: z.object({ qemu: z.array(z.string()), libvirtXml: z.string() }).nullable(),
    /** A whole domain; the system disk is looked for in libvirt's default pool under the host name. */
    libvirtXml: z.string(),
  })
  .meta({ id: 'MediaPlan', description: 'What the hypervisor needs to start the installation.' });
export interface MediaPlan extends z.output<typeof MediaPlan> {}

export const MediaFile = z
  .object({
    name: z.string(),
    kind: z.string(),
    /** Bytes. */
    size: z.number().int(),
    sha256: z.string(),
    url: z.string().meta({
      description:
        'Where the file is fetched with a bearer token: absolute (MEDIA_URL) in a reply of the bus, a path in an answer of HTTP, empty in a dry run.',
    }),
  })
  .meta({ id: 'MediaFile', description: 'A file of a medium.' });
export interface MediaFile extends z.output<typeof MediaFile> {}

export const MediaResult = z
  .object({
    id: z.uuid(),
    machineId: z.uuid(),
    createdAt: wireTime,
    expiresAt: wireTime,
    files: z.array(MediaFile),
    plan: MediaPlan,
    /** Those of the plan. */
    warnings: z.array(PlanWarning),
    executions: z.array(ExecutionDto),
  })
  .meta({ id: 'MediaResult', description: 'An install medium, and how to start a machine with it.' });
export interface MediaResult extends z.output<typeof MediaResult> {}

import { z } from 'zod';

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
    /** QEMU's id of the device; null: of a medium that 0.1 has made. */
    id: z.string().nullable(),
    /** libvirt's name of a disk, such as vda; null: it is none, or one that libvirt does not manage. */
    target: z.string().nullable(),
  })
  .meta({ id: 'PlanDevice', description: 'A device that the hypervisor attaches for the installation.' });
export interface PlanDevice extends z.output<typeof PlanDevice> {}

export const PlanMachine = z
  .object({
    type: z.enum(['q35', 'virt']),
    cpus: z.number().int(),
    memoryMiB: z.number().int(),
    cpu: z.object({
      /** The value of -cpu. */
      qemu: z.string(),
      /** A mode of libvirt's, or the model's name. */
      libvirt: z.string(),
      /**
       * What the system asks of an x86-64 processor, and so of the host's (x86-64 psABI, "Micro-Architecture
       * Levels"); null: there is no such level for the architecture.
       */
      level: z.enum(['x86-64', 'x86-64-v2', 'x86-64-v3']).nullable(),
    }),
  })
  .meta({ id: 'PlanMachine', description: 'The machine itself.' });

export const PlanCard = z
  .object({
    /** QEMU's id of the network behind it, and its placeholder: net0, net1 and so on. */
    id: z.string(),
    /** Lower case. */
    mac: z.string(),
    model: z.enum(['virtio', 'e1000e']),
    /** What the request calls its interface; null: by the address, or not at all. */
    name: z.string().nullable(),
  })
  .meta({ id: 'PlanCard', description: 'A network card of the machine.' });
export interface PlanCard extends z.output<typeof PlanCard> {}

const data = z.record(z.string(), z.union([z.string(), z.boolean()]));

/** How a device is taken from the running machine. */
export const PlanDetach = z
  .object({
    role: PlanDevice.shape.role,
    when: z.string(),
    /** Commands of QEMU's machine protocol, in order. */
    qmp: z.array(z.object({ execute: z.string(), arguments: data })),
    /** The event that says that it is gone, with what its data has at least; null: the answers say so. */
    waitFor: z.object({ event: z.string(), data }).nullable(),
    /** Arguments of virsh. */
    virsh: z.array(z.string()),
  })
  .meta({ id: 'PlanDetach', description: 'How a device is taken from the running machine.' });
export interface PlanDetach extends z.output<typeof PlanDetach> {}

/** One way in which an installation ends. */
export const PlanEnd = z
  .object({
    /** In words. */
    what: z.string(),
    /**
     * The event of QEMU's machine protocol on {qmpSocket} that tells it, with what its data has at least;
     * null: the hypervisor does not see it.
     */
    qmp: z.object({ event: z.string(), data }).nullable(),
    /** As `virsh event` prints it, such as lifecycle and Stopped Shutdown; null: libvirt does not see it. */
    virsh: z.object({ event: z.enum(['lifecycle', 'reboot']), detail: z.string().nullable() }).nullable(),
  })
  .meta({ id: 'PlanEnd', description: 'One way in which an installation ends.' });

export const PlanEnds = z
  .object({
    installed: PlanEnd,
    failed: PlanEnd,
    /** Counted from the first start: an installation that has not ended by then has failed. */
    limitMinutes: z.number().int(),
  })
  .meta({ id: 'PlanEnds', description: 'How a finished installation is told from a failed one.' });
export interface PlanEnds extends z.output<typeof PlanEnds> {}

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
    /** Null: of a medium that 0.1 has made. */
    machine: PlanMachine.nullable(),
    devices: z.array(PlanDevice),
    cards: z.array(PlanCard),
    /** What is taken from the machine when, in order. */
    detach: z.array(PlanDetach),
    /** Null: of a medium that 0.1 has made. */
    ends: PlanEnds.nullable(),
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
     * QEMU arguments of the whole machine but for its accelerator (-accel), its firmware (firmware.qemu) and
     * its TPM (tpm.qemu), one list entry an argument. Placeholders, in which a comma is written twice:
     * {disk}, {vendorIso}, {seed}, {chain}, {remaster} and {qmpSocket} are paths; {net0}, {net1} and so on
     * the whole value of -netdev with the id of that name, such as `user,id=net0`; {console} is what -serial
     * takes, such as `pty`; {display} what -display takes, such as `none`.
     */
    qemu: z.array(z.string()),
    /**
     * What the first start has besides, and no later one: QEMU arguments (placeholders {kernel}, {initrd}).
     * And the whole domain of the first start, which does not start without its media.
     */
    firstStart: z.object({ qemu: z.array(z.string()), libvirtXml: z.string() }),
    /**
     * The whole domain of every later start, which starts without its media too; the system disk is looked
     * for in libvirt's default pool under the host name.
     */
    libvirtXml: z.string(),
  })
  .meta({ id: 'MediaPlan', description: 'What the hypervisor needs to start the installation.' });
export interface MediaPlan extends z.output<typeof MediaPlan> {}

import { type MediaPlan, type MediaRequest, type PlanDevice, requestWarnings } from '#protocol';
import { DELIVERIES } from '../deliveries/deliveries.js';
import { FAMILIES } from '../families/family.js';
import { installerBoot } from '../families/installer.js';
import { isoNotes } from '../vendor/pairing.js';
import { seedBootsItself, type SeedForm, systemDisk } from './devices.js';
import { firmwarePlan, tpmPlan } from './firmware.js';
import { libvirtDomain } from './libvirt.js';
import type { PlanPaths } from './paths.js';
import { qemuArguments } from './qemu.js';
import { planSteps } from './steps.js';
import { WHEN } from './when.js';

/** Everything a hypervisor must attach and do for one installation, or for one machine from a cloud image. */
export function mediaPlan(request: MediaRequest, paths: PlanPaths): MediaPlan {
  const family = FAMILIES[request.os.family];
  const delivery = DELIVERIES[request.delivery];
  const seedForm = paths.seedForm ?? 'iso';
  const vendorIso = request.vendorIso ?? '{vendorIso}';
  // A disk without a system falls through to the medium after it; a seed that boots comes before, and knows
  // what it has installed.
  const media = [
    systemDisk(request, seedBootsItself(request, seedForm) ? 2 : 1),
    ...delivery.attachments(request, { seed: paths.seed, vendorIso, seedForm }),
  ];
  const kernel = directKernel(request, paths, vendorIso);
  return {
    warnings: requestWarnings(request),
    devices: [
      ...media.map(({ role, bus, kind, bootindex, path }): PlanDevice => ({
        role,
        bus,
        kind,
        bootindex,
        path,
      })),
      { role: 'channel', bus: 'virtio-serial', kind: 'serial-port', bootindex: null, path: paths.socket },
    ],
    firmware: firmwarePlan(request),
    tpm: tpmPlan(request),
    kernel,
    keys: keyPresses(request, seedForm),
    steps: planSteps(request, {
      ...paths,
      delivery,
      seedForm,
      kernel,
      notes: [...(paths.iso ? isoNotes(paths.iso) : []), ...family.notes(request)],
    }),
    qemu: qemuArguments(request, media, paths),
    firstStart: kernel && {
      qemu: ['-kernel', '{kernel}', '-initrd', '{initrd}', '-append', kernel.arguments, '-no-reboot'],
      libvirtXml: libvirtDomain(request, media, paths, kernel),
    },
    libvirtXml: libvirtDomain(request, media, paths, null),
  };
}

/**
 * A medium with a boot loader of its own needs none; a plain seed needs the installer's kernel started with
 * its arguments.
 */
function directKernel(request: MediaRequest, paths: PlanPaths, vendorIso: string): MediaPlan['kernel'] {
  const { installer } = FAMILIES[request.os.family];
  if (request.source === 'cloud-image' || !installer || !DELIVERIES[request.delivery].startsKernel)
    return null;
  return {
    ...installerBoot(installer, paths.iso ?? null),
    from: vendorIso,
    files: paths.kernelFiles ?? null,
  };
}

function keyPresses(request: MediaRequest, seedForm: SeedForm): MediaPlan['keys'] {
  const { bootPrompt } = FAMILIES[request.os.family];
  if (!bootPrompt || seedBootsItself(request, seedForm)) return null;
  const { qemuKey, virshKey, everyMs, forMs } = bootPrompt;
  return { when: WHEN.first, qemuKey, virsh: ['send-key', request.hostname, virshKey], everyMs, forMs };
}

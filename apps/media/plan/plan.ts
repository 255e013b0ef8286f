import { type MediaPlan, type MediaRequest, type PlanDevice, requestWarnings } from '#protocol';
import { DELIVERIES } from '../deliveries/deliveries.js';
import { FAMILIES } from '../families/family.js';
import { installerBoot } from '../families/installer.js';
import { isoWarnings } from '../vendor/pairing.js';
import { detachPlan } from './detach.js';
import { seedBootsItself, type SeedForm, systemDisk, withTargets } from './devices.js';
import { endsPlan } from './ends.js';
import { firmwarePlan, tpmPlan } from './firmware.js';
import { libvirtDomain } from './libvirt.js';
import { cardsPlan, machinePlan } from './machine.js';
import type { PlanPaths } from './parts.js';
import { qemuArguments } from './qemu.js';
import { planSteps } from './steps.js';
import { WHEN } from './when.js';

/** Everything a hypervisor must attach and do for one installation, or for one machine from a cloud image. */
export function mediaPlan(request: MediaRequest, paths: PlanPaths): MediaPlan {
  const delivery = DELIVERIES[request.delivery];
  const seedForm = paths.seedForm ?? 'iso';
  const vendorIso = request.vendorIso ?? '{vendorIso}';
  // A disk without a system falls through to the medium after it; a seed that boots comes before, and knows
  // what it has installed.
  const media = withTargets([
    systemDisk(request, seedBootsItself(request, seedForm) ? 2 : 1),
    ...delivery.attachments(request, { seed: paths.seed, vendorIso, seedForm }),
  ]);
  const parts = { machine: machinePlan(request), media, cards: cardsPlan(request) };
  const kernel = directKernel(request, paths, vendorIso);
  const ends = endsPlan(request, kernel !== null);
  return {
    warnings: [...requestWarnings(request), ...(paths.iso ? isoWarnings(request, paths.iso) : [])],
    machine: parts.machine,
    devices: [
      ...media.map(({ role, bus, kind, bootindex, path, id, target }): PlanDevice => ({
        ...{ role, bus, kind, bootindex, path, id, target },
      })),
      {
        ...{ role: 'channel', bus: 'virtio-serial', kind: 'serial-port', bootindex: null },
        ...{ path: paths.socket, id: 'channel', target: null },
      },
    ],
    cards: parts.cards,
    detach: detachPlan(request.hostname, media),
    ends,
    firmware: firmwarePlan(request),
    tpm: tpmPlan(request),
    kernel,
    keys: keyPresses(request, seedForm),
    steps: planSteps(request, { ...paths, machine: parts.machine, delivery, seedForm, kernel, ends }),
    qemu: qemuArguments(request, parts, paths),
    firstStart: {
      qemu: kernel
        ? ['-kernel', '{kernel}', '-initrd', '{initrd}', '-append', kernel.arguments, '-no-reboot']
        : [],
      libvirtXml: libvirtDomain(request, parts, paths, { start: 'first', kernel }),
    },
    libvirtXml: libvirtDomain(request, parts, paths, { start: 'later', kernel: null }),
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

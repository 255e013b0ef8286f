import type { MediaPlan, MediaRequest, PlanDevice } from '#protocol';
import { installerBoot } from '../families/boot.js';
import { isoNotes } from '../vendor/pairing.js';
import { attachments, type MediaPaths, startsSetupItself } from './devices.js';
import { libvirtDomain } from './libvirt.js';
import type { PlanPaths } from './paths.js';
import { firmwarePlan, qemuArguments, tpmPlan } from './qemu.js';
import { planSteps } from './steps.js';
import { windowsNotes } from '../families/windows/check.js';

/** Everything a hypervisor must attach and do for one installation, or for one machine from a cloud image. */
export function mediaPlan(request: MediaRequest, paths: PlanPaths): MediaPlan {
  const seedForm = paths.seedForm ?? 'iso';
  const vendorIso = request.vendorIso ?? '{vendorIso}';
  const media = attachments(request, { seed: paths.seed, vendorIso, seedForm });
  const kernel = directKernel(request, paths, vendorIso);
  const keys = pressesKeys(request, seedForm) ? windowsKeys(request) : null;
  return {
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
    keys,
    steps: planSteps(request, {
      ...paths,
      seedForm,
      kernel: kernel !== null,
      notes: [
        ...(paths.iso ? isoNotes(paths.iso) : []),
        ...(request.os.family === 'windows' ? windowsNotes(request) : []),
      ],
    }),
    qemu: qemuArguments(request, media, paths),
    firstStart: kernel && {
      qemu: ['-kernel', '{kernel}', '-initrd', '{initrd}', '-append', kernel.arguments, '-no-reboot'],
      libvirtXml: libvirtDomain(request, media, paths, kernel),
    },
    libvirtXml: libvirtDomain(request, media, paths, null),
  };
}

/** A chain ISO and a remastered one bring their own boot loader; a plain seed needs the installer's kernel started with its arguments. */
function directKernel(request: MediaRequest, paths: PlanPaths, vendorIso: string): MediaPlan['kernel'] {
  const { family } = request.os;
  if (request.source === 'cloud-image' || family === 'windows') return null;
  if (request.delivery === 'chain' || request.delivery === 'remaster') return null;
  return {
    ...installerBoot(family, paths.iso ?? null),
    from: vendorIso,
    files: paths.kernelFiles ?? null,
  };
}

export function pressesKeys(request: MediaRequest, seedForm: MediaPaths['seedForm']): boolean {
  return request.os.family === 'windows' && !startsSetupItself(request, seedForm);
}

/** Windows' CD asks for a key for about five seconds, some seconds after the start, and boots nothing without one. */
function windowsKeys({ hostname }: MediaRequest): MediaPlan['keys'] {
  return {
    when: 'first start',
    qemuKey: 'ret',
    virsh: ['send-key', hostname, 'KEY_ENTER'],
    everyMs: 500,
    forMs: 30_000,
  };
}

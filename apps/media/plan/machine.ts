import { levelsOf, type MediaPlan, type MediaRequest, networkCards, type PlanCard } from '#protocol';
import { FAMILIES } from '../families/family.js';
import { hasVirtio } from './devices.js';

type Machine = NonNullable<MediaPlan['machine']>;

/** Type, processor and memory; what the plan's two forms have of it in their own words. */
export function machinePlan({ os, resources }: MediaRequest): Machine {
  const { cpus, memoryMiB, cpu } = resources;
  const x86 = os.architecture === 'x86_64';
  return {
    type: x86 ? 'q35' : 'virt',
    cpus,
    memoryMiB,
    cpu: {
      // `host` fails without KVM. QEMU has no host-model: a warning says so.
      qemu: cpu === undefined || cpu === HOST_MODEL ? 'max' : cpu,
      libvirt: cpu ?? 'host-passthrough',
      level: x86 ? levelsOf(os).wanted : null,
    },
  };
}

const HOST_MODEL = 'host-model';

/** libvirt's `<cpu>`: a mode, or exactly a model. */
export function libvirtCpu({ cpu: { libvirt } }: Machine): string {
  return libvirt === 'host-passthrough' || libvirt === HOST_MODEL
    ? `<cpu mode='${libvirt}'/>`
    : `<cpu mode='custom' match='exact'><model fallback='forbid'>${libvirt}</model></cpu>`;
}

/** The cards of the machine, in order. */
export const cardsPlan = (request: MediaRequest): PlanCard[] =>
  networkCards(request).map(({ mac, asked }, index) => ({
    id: `net${index}`,
    mac,
    model: hasVirtio(request) ? 'virtio' : 'e1000e',
    name: asked && 'name' in asked.match ? asked.match.name : null,
  }));

/**
 * What draws: the screen that both UEFI and an installer without drivers have. On aarch64 VGA's memory cannot
 * be mapped by KVM, so that a system that knows virtio draws there.
 */
export function screen({ os }: Pick<MediaRequest, 'os'>): { qemu: string; libvirt: string } {
  if (os.architecture === 'x86_64') return { qemu: 'VGA', libvirt: 'vga' };
  return FAMILIES[os.family].machine.draws
    ? { qemu: 'ramfb', libvirt: 'ramfb' }
    : { qemu: 'virtio-gpu-pci', libvirt: 'virtio' };
}

/** The `virt` machine has no PS/2, on which q35 has a keyboard by itself. */
export const wantsUsbKeyboard = ({ os }: Pick<MediaRequest, 'os'>): boolean => os.architecture === 'aarch64';

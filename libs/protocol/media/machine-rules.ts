import { didYouMean, type Fault } from '../fault.js';
import { CPU_MODELS, hasLevel, levelOfModel, modelsFor } from './cpu-models.js';
import { FAMILY_RULES, type Unchecked } from './family-rules.js';
import { type CpuLevel, findRelease } from './releases.js';
import { OS_FAMILIES, type MediaRequest } from './request-fields.js';

/** QEMU's and libvirt's words for all that the host has, and for nothing at all. */
const NOT_MODELS = ['max', 'host', 'host-passthrough', 'maximum', 'base'];
const LEAVE_OUT = 'leave it out: the machine then has all that its host’s processor has';

interface Machine {
  family: MediaRequest['os']['family'];
  version: string;
  architecture: unknown;
}

/** What the virtual machine of a request cannot be; its fields by themselves are checked elsewhere. */
export function checkMachineRules(request: Unchecked): Fault[] {
  const machine = machineOf(request.os);
  return [
    ...(machine ? cpuFaults(machine, textAt(request.resources, 'cpu')) : []),
    ...busFaults(machine, request.disk),
    ...imageFaults(request),
  ];
}

function busFaults(machine: Machine | null, disk: unknown): Fault[] {
  const match = typeof disk === 'object' && disk !== null ? (disk as { match?: unknown }).match : null;
  if (machine?.architecture !== 'aarch64' || textAt(match, 'bus') !== 'sata') return [];
  return [
    {
      path: 'disk.match.bus',
      message: 'the virt machine of aarch64 has no SATA',
      remedy: 'use virtio, scsi or nvme',
      value: 'sata',
    },
  ];
}

function cpuFaults({ architecture, ...os }: Machine, cpu: string | null): Fault[] {
  const path = 'resources.cpu';
  if (cpu === null) return [];
  if (NOT_MODELS.includes(cpu))
    return [{ path, message: 'is no model of a processor', remedy: LEAVE_OUT, value: cpu }];
  if (architecture === 'aarch64')
    return cpu === 'host-model'
      ? [{ path, message: 'libvirt has no host-model for aarch64', remedy: LEAVE_OUT, value: cpu }]
      : levelOfModel(cpu) === undefined
        ? []
        : [{ path, message: 'is a model of x86', remedy: LEAVE_OUT, value: cpu }];
  if (cpu === 'host-model') return [];
  const has = levelOfModel(cpu);
  if (has === undefined)
    return [
      {
        path,
        message: 'is not a processor model that is known',
        remedy: didYouMean(cpu, [...CPU_MODELS, 'host-model'], LEAVE_OUT),
        value: cpu,
      },
    ];
  const { wanted, least } = levelsOf(os);
  if (hasLevel(has, least)) return [];
  const title = `${FAMILY_RULES[os.family].title} ${os.version}`;
  return [
    {
      path,
      message: `is ${has ?? 'a 32-bit processor'}, and ${title} needs ${least}: its init would stop the kernel`,
      remedy: `leave it out, or name a model such as ${modelsFor(wanted)}`,
      value: cpu,
    },
  ];
}

/** What a system asks of an x86_64 processor: the usual build, and any build that its vendor has. */
export function levelsOf(os: Pick<MediaRequest['os'], 'family' | 'version'>): {
  wanted: CpuLevel;
  least: CpuLevel;
} {
  const release = findRelease(os);
  const wanted = release?.cpu ?? 'x86-64';
  return { wanted, least: release?.olderCpu ?? wanted };
}

function imageFaults({ image, source, firmware = 'uefi' }: Unchecked): Fault[] {
  if (typeof image !== 'object' || image === null) return [];
  if (source !== 'cloud-image')
    return [
      {
        path: 'image',
        message: 'is about a cloud image',
        remedy: 'leave it out, or ask for source cloud-image',
      },
    ];
  const starts = textAt(image, 'firmware');
  if (starts === null || starts === 'both' || starts === firmware) return [];
  return [
    {
      path: 'image.firmware',
      message: `the image starts under ${starts} alone, and the machine has ${String(firmware)}`,
      remedy: `give firmware ${starts}, or another image`,
      value: starts,
    },
  ];
}

function machineOf(os: unknown): Machine | null {
  const [family, version] = [textAt(os, 'family'), textAt(os, 'version')];
  const known = OS_FAMILIES.find((name) => name === family);
  if (known === undefined || version === null) return null;
  return { family: known, version, architecture: textAt(os, 'architecture') };
}

function textAt(value: unknown, key: string): string | null {
  if (typeof value !== 'object' || value === null) return null;
  const text = (value as Record<string, unknown>)[key];
  return typeof text === 'string' ? text : null;
}

import { type MediaPlan, MediaRequest, RELEASES } from '#protocol';
import { FAMILIES } from '../../../apps/media/families/family.js';
import { WINDOWS_VERSIONS } from '../../../apps/media/families/windows/versions.js';
import { mediaPlan } from '../../../apps/media/plan/plan.js';
import { requestFaults } from '../../../apps/media/request-faults.js';
import { FULL_REQUEST } from './media.js';

export interface Combination {
  name: string;
  request: MediaRequest;
  seedForm: 'iso' | 'fat';
  socketMode: 'connect' | 'listen';
}

export const MACS = ['52:54:00:12:34:56', '52:54:00:12:34:57'] as const;
export const DISK_SERIAL = 'DISK-1';
/** With everything in its name that one of the languages would read otherwise. */
export const VENDOR_ISO = `/iso/a "b" & <c>, 'd'.iso`;
const DRIVERS = '/iso/virtio-win.iso';
const KERNEL_FILES = { kernel: '/media/m/a & b', initrd: '/media/m/i' };

const MATCHES = [
  undefined,
  ...['virtio', 'scsi', 'sata', 'nvme'].map((bus) => ({ bus })),
  { serial: DISK_SERIAL },
  { minBytes: 1, maxBytes: 1e12 },
];
const NETWORKS = [
  [],
  [{ match: { mac: MACS[0] }, addresses: ['192.0.2.10/24'], gateway: '192.0.2.1', dns: ['192.0.2.53'] }],
  'none',
  [{ match: { mac: MACS[0] } }, { match: { name: 'ens4' } }, { match: { mac: MACS[1] }, dhcp: true }],
];
const PROCESSORS = {
  x86_64: [undefined, 'host-model', 'Skylake-Server'],
  aarch64: [undefined, 'neoverse-n1', undefined],
} as const;

/** What there is to be had, each with each: families and releases, deliveries, sources, firmware. */
function* machines() {
  const releases = [...RELEASES, ...WINDOWS_VERSIONS.map(({ version }) => ({ family: 'windows', version }))];
  for (const { family, version } of releases)
    for (const architecture of ['x86_64', 'aarch64'] as const)
      for (const firmware of ['uefi', 'bios'] as const)
        for (const source of ['installer', 'cloud-image'] as const)
          for (const delivery of ['seed', 'chain', 'direct-kernel', 'remaster'] as const)
            for (const virtioDrivers of family === 'windows' ? [undefined, DRIVERS] : [undefined])
              yield { os: { family, version, architecture }, firmware, source, delivery, virtioDrivers };
}

/**
 * Every request of every release that is not refused, with every rule for the disk and every form of the
 * seed; networks, processors, formats and sockets take turns, so that each meets each.
 */
export function planCombinations(): Combination[] {
  const all: Combination[] = [];
  let turn = 0;
  for (const { virtioDrivers, ...machine } of machines())
    for (const match of MATCHES) {
      const { os, source } = machine;
      const pick = <T>(values: readonly T[], every: number): T =>
        values[Math.floor(turn / every) % values.length] as T;
      const installer = source === 'installer';
      const asked = MediaRequest.safeParse({
        vmId: FULL_REQUEST.vmId,
        hostname: 'vm-1',
        ...machine,
        ...(virtioDrivers === undefined ? {} : { virtioDrivers }),
        // Never opened: a seed of Windows takes its passwords by themselves.
        ...(os.family === 'windows'
          ? { users: [{ name: 'ada', passwordSealed: `v1.${'a'.repeat(24)}` }] }
          : {}),
        ...(installer ? { vendorIso: VENDOR_ISO, disk: { match, wipe: turn % 5 > 0 } } : {}),
        network: pick(NETWORKS, 1),
        resources: {
          cpus: 3,
          memoryMiB: 640,
          cpu: pick(PROCESSORS[os.architecture], 4),
          diskFormat: pick(['qcow2', 'raw'], 12),
        },
      });
      if (!asked.success) continue;
      const request = asked.data;
      if (requestFaults(request, null).length > 0 || (!installer && match)) continue;
      turn += 1;
      const forms = FAMILIES[request.os.family].loader(request, 'm')
        ? (['iso', 'fat'] as const)
        : (['iso'] as const);
      for (const seedForm of forms)
        all.push({
          name: [...Object.values(os), ...[machine.firmware, source, machine.delivery, seedForm]]
            .concat(JSON.stringify({ match, network: request.network, ...request.resources }))
            .join(' '),
          ...{ request, seedForm, socketMode: pick(['connect', 'listen'], 24) },
        });
    }
  return all;
}

export const SEED_PATH = '/media/m/seed.iso';

/** @param folder of the machine's channel */
export const planOf = ({ request, seedForm, socketMode }: Combination, folder: string): MediaPlan =>
  mediaPlan(request, {
    seed: SEED_PATH,
    // A comma is what QEMU's options are separated by.
    socket: `${folder}/s,1.socket`,
    ...{ socketMode, seedForm },
    kernelFiles: request.delivery === 'direct-kernel' ? KERNEL_FILES : null,
  });

/**
 * Some of all, so that every property occurs in one of them, and every two that interact and occur together
 * do so in one of them.
 */
export function eachPair<T>(
  all: readonly T[],
  properties: (one: T) => { interacting: string[]; alone: string[] },
): T[] {
  const seen = new Set<string>();
  return all.filter((one) => {
    const { interacting, alone } = properties(one);
    const pairs = interacting.flatMap((word, index) =>
      interacting.slice(index).map((other) => `${word} | ${other}`),
    );
    const found = [...pairs, ...alone];
    const isNew = found.some((each) => !seen.has(each));
    for (const each of found) seen.add(each);
    return isNew;
  });
}

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { MediaPlan } from '#protocol';
import { FULL_REQUEST, mediaRequest } from '../../../test/support/media/media.js';
import { mediaPlan } from './plan.js';
import type { PlanPaths } from './paths.js';

const PATHS: PlanPaths = {
  seed: '/opt/infinibay/media/m/seed.iso',
  socket: `/opt/infinibay/sockets/${FULL_REQUEST.vmId}.socket`,
  socketMode: 'connect',
};
const plan = (more: object, paths: Partial<PlanPaths> = {}): MediaPlan =>
  mediaPlan(mediaRequest({ vmId: FULL_REQUEST.vmId, hostname: 'vm-1', source: 'installer', ...more }), {
    ...PATHS,
    ...paths,
  });
const os = (family: string, version: string): object => ({ os: { family, version } });
const WINDOWS = os('windows', '11');

/** Role, bus and boot order of each device but the channel. */
const order = ({ devices }: MediaPlan): string[] =>
  devices
    .filter(({ role }) => role !== 'channel')
    .map(({ role, bus, bootindex }) => `${role} ${bus} ${bootindex ?? '-'}`);

function expectGolden(name: string, text: string): void {
  const path = join(import.meta.dirname, 'golden', name);
  if (process.env['UPDATE_GOLDEN']) writeFileSync(path, text);
  expect(text).toBe(readFileSync(path, 'utf8'));
}

describe('a media plan', () => {
  it.each<[string, object, Partial<PlanPaths>]>([
    [
      'windows-fat',
      { ...WINDOWS, virtioDrivers: '/iso/virtio-win.iso', disk: { match: { serial: 'DISK-1' }, wipe: true } },
      { seedForm: 'fat' },
    ],
    ['windows-iso-bios', { ...os('windows', '2019'), firmware: 'bios' }, {}],
    ['ubuntu-chain', { delivery: 'chain', vendorIso: '/iso/u.iso' }, {}],
    [
      'fedora-direct-kernel',
      { ...os('fedora', '43'), delivery: 'direct-kernel', vendorIso: '/iso/f.iso', firmware: 'bios' },
      {
        kernelFiles: { kernel: '/m/kernel', initrd: '/m/initrd' },
        socketMode: 'listen',
        iso: {
          ...{ path: '/iso/f.iso', volumeId: 'Fedora-S-dvd-x86_64-43', uuid: '2025-10-23-12-00-00-00' },
          ...{ family: 'fedora', version: '43', architecture: 'x86_64', variant: 'netinst' },
          ...{ bios: true, uefi: true },
        },
      },
    ],
    ['rhel-remaster', { ...os('rhel', '9'), delivery: 'remaster', vendorIso: '/iso/r.iso' }, {}],
  ])('is the one that was read and approved: %s', (name, request, paths) => {
    const made = plan(request, paths);
    expect(MediaPlan.parse(made)).toEqual(made);
    expectGolden(`plan-${name}.json`, `${JSON.stringify(made, null, 2)}\n`);
  });

  it.each<[string, object, Partial<PlanPaths>, string[]]>([
    ['a cloud image', { source: 'cloud-image' }, {}, ['system-disk virtio 1', 'seed virtio -']],
    [
      'a plain seed',
      { disk: { match: { bus: 'nvme' } } },
      {},
      ['system-disk nvme 1', 'seed sata -', 'vendor-iso sata 2'],
    ],
    ['a chain ISO', { delivery: 'chain' }, {}, ['system-disk virtio 1', 'chain sata 2', 'vendor-iso sata 3']],
    ['a remaster', { delivery: 'remaster' }, {}, ['system-disk virtio 1', 'remaster sata 2']],
    [
      'Windows with a FAT seed under BIOS, which it does not boot',
      { ...os('windows', '10'), firmware: 'bios', virtioDrivers: '/iso/virtio-win.iso' },
      { seedForm: 'fat' },
      ['system-disk virtio 1', 'seed usb -', 'vendor-iso sata 2'],
    ],
    [
      'Windows without drivers, which has none for a virtio disk',
      { ...os('windows', '10'), firmware: 'bios' },
      {},
      ['system-disk sata 1', 'seed sata -', 'vendor-iso sata 2'],
    ],
    [
      "Windows with a plain seed; its CD is on SATA whatever the disk's bus",
      { ...WINDOWS, disk: { match: { bus: 'scsi' } } },
      {},
      ['system-disk scsi 1', 'seed sata -', 'vendor-iso sata 2'],
    ],
    [
      'aarch64, which has no SATA',
      { os: { family: 'ubuntu', version: '24.04', architecture: 'aarch64' } },
      {},
      ['system-disk virtio 1', 'seed scsi -', 'vendor-iso scsi 2'],
    ],
  ])(
    'boots the disk first, so that an installed system is left alone: %s',
    (_what, more, paths, expected) => {
      expect(order(plan(more, paths))).toEqual(expected);
    },
  );

  it('boots a Windows seed first: its loader tells what it has installed from another Windows that is to be wiped', () => {
    expect(order(plan({ ...WINDOWS, virtioDrivers: '/iso/virtio-win.iso' }, { seedForm: 'fat' }))).toEqual([
      'system-disk virtio 2',
      'seed usb 1',
      'vendor-iso sata 3',
    ]);
  });

  it('has keys to press for Windows only, and only where the seed does not start setup', () => {
    expect(plan(WINDOWS).keys).toMatchObject({ qemuKey: 'ret', virsh: ['send-key', 'vm-1', 'KEY_ENTER'] });
    expect(plan(WINDOWS, { seedForm: 'fat' }).keys).toBeNull();
    expect(plan({ ...WINDOWS, firmware: 'bios' }, { seedForm: 'fat' }).keys).not.toBeNull();
    expect(plan({}).keys).toBeNull();
  });

  it.each([
    ['11', true],
    ['2022', true],
    ['2025', true],
    ['10', false],
    ['2019', false],
  ])('asks for a TPM where Windows does: %s', (version, wanted) => {
    const made = plan(os('windows', version));
    expect(made.tpm !== null).toBe(wanted);
    expect(made.libvirtXml.includes('<tpm ')).toBe(wanted);
    expect(made.steps.some(({ do: what }) => what.includes('swtpm'))).toBe(wanted);
    expect(plan({ ...os('windows', version), windows: { bypassRequirements: true } }).tpm).toBeNull();
  });

  it('keeps the clock in UTC, for Windows too', () => {
    for (const request of [{}, WINDOWS]) expect(plan(request).libvirtXml).toContain("<clock offset='utc'/>");
    expect(plan(WINDOWS).qemu.join(' ')).toContain('-rtc base=utc');
  });

  it('is a direct kernel boot for the first start only', () => {
    const made = plan({ ...os('fedora', '43'), delivery: 'direct-kernel' });
    expect(made.firstStart?.libvirtXml).toContain('<cmdline>inst.stage2=hd:LABEL={vendorVolumeId}');
    expect(made.firstStart?.libvirtXml).toContain('<on_reboot>destroy</on_reboot>');
    expect(made.libvirtXml).not.toMatch(/<cmdline>|on_reboot/);
    expect(made.qemu.join(' ')).not.toContain('-kernel');
    expect(made.steps.find(({ when }) => when === 'first restart')?.do).toMatch(/^remove kernel/);
    // Whoever has no vendor ISO to read is told what to fill in.
    expect(made.steps.some(({ do: what }) => what.includes('{vendorVolumeId}'))).toBe(true);
  });

  it('gives the disk the serial number that the answers look for', () => {
    const made = plan({ disk: { match: { serial: 'DISK-1' } } });
    expect(made.qemu).toContain('virtio-blk-pci,drive=disk0,serial=DISK-1,bootindex=1');
    expect(made.libvirtXml).toContain('<serial>DISK-1</serial>');
  });
});

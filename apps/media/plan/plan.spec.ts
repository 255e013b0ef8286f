import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { MediaPlan } from '#protocol';
import { FULL_REQUEST, mediaRequest } from '../../../test/support/media/media.js';
import { mediaPlan } from './plan.js';
import type { PlanPaths } from './parts.js';

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
    expect(made.firstStart.libvirtXml).toContain('<cmdline>inst.stage2=hd:LABEL={vendorVolumeId}');
    expect(made.firstStart.libvirtXml).toContain('<on_reboot>destroy</on_reboot>');
    expect(made.libvirtXml).not.toMatch(/<cmdline>|on_reboot/);
    expect(made.qemu.join(' ')).not.toContain('-kernel');
    expect(made.steps.find(({ when }) => when === 'first restart')?.do).toMatch(/^remove kernel/);
    // Whoever has no vendor ISO to read is told what to fill in.
    expect(made.steps.some(({ do: what }) => what.includes('{vendorVolumeId}'))).toBe(true);
  });

  it('gives the disk the serial number that the answers look for', () => {
    const made = plan({ disk: { match: { serial: 'DISK-1' } } });
    expect(made.qemu).toContain('virtio-blk-pci,id=system-disk,drive=disk0,serial=DISK-1,bootindex=1');
    expect(made.libvirtXml).toContain('<serial>DISK-1</serial>');
  });

  it('starts without its media only later', () => {
    const made = plan({ delivery: 'chain' });
    expect(made.firstStart.qemu).toEqual([]);
    expect(made.firstStart.libvirtXml.match(/startupPolicy='\w+'/g)).toEqual(
      Array.from({ length: 2 }, () => "startupPolicy='mandatory'"),
    );
    expect(made.libvirtXml).toBe(made.firstStart.libvirtXml.replaceAll('mandatory', 'optional'));
  });

  it.each<[string, object, string[], string]>([
    ['none', {}, ['-cpu', 'max'], "<cpu mode='host-passthrough'/>"],
    ['a model', { cpu: 'Haswell-noTSX' }, ['-cpu', 'Haswell-noTSX'], "<cpu mode='custom' match='exact'>"],
    ['host-model', { cpu: 'host-model' }, ['-cpu', 'max'], "<cpu mode='host-model'/>"],
  ])('has the processor that the request names: %s', (_what, resources, qemu, xml) => {
    const made = plan({ resources });
    expect(made.qemu.join(' ')).toContain(qemu.join(' '));
    expect(made.libvirtXml).toContain(xml);
    expect(made.firstStart.libvirtXml).toContain(xml);
  });

  it.each([
    ['ubuntu', '24.04', 'x86-64'],
    ['fedora', '43', 'x86-64'],
    ['rhel', '8', 'x86-64'],
    ['rocky', '9.4', 'x86-64-v2'],
    ['alma', '10', 'x86-64-v3'],
  ])('says what the processor of the host must have: %s %s', (family, version, level) => {
    const made = plan(os(family, version));
    expect(made.machine?.cpu.level).toBe(level);
    expect(made.steps.some(({ do: what }) => what.includes(`processor has ${level}`))).toBe(
      level !== 'x86-64',
    );
    expect(plan({ os: { family, version, architecture: 'aarch64' } }).machine?.cpu.level).toBeNull();
  });

  it('has the processors, the memory and the disk that were asked for', () => {
    const made = plan({ resources: { cpus: 6, memoryMiB: 9000, diskFormat: 'raw' } });
    expect(made.machine).toMatchObject({ type: 'q35', cpus: 6, memoryMiB: 9000 });
    expect(made.qemu.join(' ')).toMatch(/-smp 6 -m 9000M .*file=\{disk\},format=raw,/);
    expect(made.libvirtXml).toContain("<memory unit='MiB'>9000</memory>\n  <vcpu>6</vcpu>");
    expect(made.libvirtXml).toContain(
      "<driver name='qemu' type='raw'/>\n      <source file='/var/lib/libvirt/images/vm-1.raw'/>",
    );
  });

  it('has a card for each interface, in order, in every form', () => {
    const network = [
      { match: { mac: '52:54:00:AA:BB:CC' } },
      { match: { name: 'ens4' } },
      { match: { mac: '52:54:00:aa:bb:cd' } },
    ];
    const made = plan({ ...os('fedora', '43'), delivery: 'direct-kernel', network });
    const macs = made.cards.map(({ mac }) => mac);
    expect(macs[0]).toBe('52:54:00:aa:bb:cc');
    expect(macs[1]).toMatch(/^02(:[0-9a-f]{2}){5}$/);
    expect(made.cards.map(({ id, name }) => [id, name])).toEqual([
      ['net0', null],
      ['net1', 'ens4'],
      ['net2', null],
    ]);
    const inQemu = made.qemu.flatMap(
      (argument) => /^virtio-net-pci,.*mac=([0-9a-f:]+)/.exec(argument)?.[1] ?? [],
    );
    expect(inQemu).toEqual(macs);
    expect(made.qemu.filter((argument) => /^\{net\d\}$/.test(argument))).toEqual([
      '{net0}',
      '{net1}',
      '{net2}',
    ]);
    for (const xml of [made.libvirtXml, made.firstStart.libvirtXml])
      expect([...xml.matchAll(/<mac address='(.*?)'/g)].map(([, mac]) => mac)).toEqual(macs);
  });

  it('has no card where the request says so, and says what that means', () => {
    const made = plan({ network: 'none' });
    expect(made.cards).toEqual([]);
    expect(made.qemu.join(' ')).toMatch(/-nic none/);
    expect(made.qemu.join(' ')).not.toContain('-netdev');
    expect(made.libvirtXml).not.toContain('<interface');
    expect(made.warnings).toContainEqual(
      expect.objectContaining({ path: 'network', value: 'none', severity: 'warning' }),
    );
  });

  it("attaches a cloud image's seed as a disk that can go while the machine runs, behind all others", () => {
    const made = plan({ source: 'cloud-image', delivery: 'seed' });
    expect(made.qemu.slice(-5)).toEqual([
      'file={seed},format=raw,if=none,id=seed0,readonly=on',
      '-device',
      expect.stringMatching(/^pcie-root-port,id=seed-port,bus=pcie\.0,addr=0x1e/),
      '-device',
      'virtio-blk-pci,bus=seed-port,id=seed,drive=seed0',
    ]);
    expect(made.libvirtXml).toContain("<target dev='vdz' bus='virtio'/>");
    expect(made.detach).toEqual([
      {
        role: 'seed',
        when: 'after the agent said hello',
        qmp: [{ execute: 'device_del', arguments: { id: 'seed' } }],
        waitFor: { event: 'DEVICE_DELETED', data: { device: 'seed' } },
        virsh: ['detach-disk', 'vm-1', 'vdz', '--live', '--config'],
      },
    ]);
  });

  it.each<[string, object, Partial<PlanPaths>, [string, string, string][]]>([
    [
      'CDs',
      { delivery: 'chain' },
      {},
      [
        ['chain', 'eject', 'sda'],
        ['vendor-iso', 'eject', 'sdb'],
      ],
    ],
    [
      "the FAT seed of Windows, and the vendor's CD",
      { ...WINDOWS, virtioDrivers: '/iso/virtio-win.iso' },
      { seedForm: 'fat' },
      [
        ['seed', 'device_del', 'sda'],
        ['vendor-iso', 'eject', 'sdb'],
      ],
    ],
    [
      'CDs on USB',
      {
        os: { family: 'windows', version: '11', architecture: 'aarch64' },
        virtioDrivers: '/iso/virtio-win.iso',
      },
      {},
      [
        ['seed', 'eject', 'sda'],
        ['vendor-iso', 'eject', 'sdb'],
      ],
    ],
  ])('says how each medium is taken away: %s', (_what, request, paths, expected) => {
    const told = plan(request, paths).detach.map(({ role, qmp, virsh }) => [role, qmp[0]?.execute, virsh[2]]);
    expect(told).toEqual(expected);
  });

  it('tells a finished installation from a failed one', () => {
    const off = { event: 'SHUTDOWN', data: { guest: true, reason: 'guest-shutdown' } };
    const { ends: kernel } = plan({ ...os('fedora', '43'), delivery: 'direct-kernel' });
    expect([kernel?.installed.qmp, kernel?.failed.qmp]).toEqual([
      { event: 'SHUTDOWN', data: { guest: true, reason: 'guest-reset' } },
      off,
    ]);
    const { ends: chain } = plan({ delivery: 'chain' });
    expect([chain?.installed.qmp?.event, chain?.failed.qmp]).toEqual(['RESET', off]);
    for (const request of [{ source: 'cloud-image' }, WINDOWS]) {
      const { ends } = plan(request);
      expect([ends?.installed.qmp, ends?.failed.qmp]).toEqual([null, null]);
      expect(ends?.failed.what).toContain(`${ends?.limitMinutes} minutes`);
    }
  });

  it.each<[string, object, RegExp, boolean]>([
    ['an image that may be for BIOS alone', { source: 'cloud-image' }, /EFI system partition/, true],
    [
      'an image that is known',
      { source: 'cloud-image', image: { firmware: 'both' } },
      /EFI system partition/,
      false,
    ],
    ['a second medium', {}, /no other medium labelled CIDATA/, true],
    ['a second kickstart', os('fedora', '43'), /no other medium labelled OEMDRV/, true],
    ['a serial number of SMBIOS', {}, /ds=nocloud/, true],
    ['the same where no cloud-init looks', os('fedora', '43'), /ds=nocloud/, false],
    ['SELinux', {}, /semanage fcontext -a -t svirt_image_t '\/opt\/infinibay\/sockets\(\/\.\*\)\?'/, true],
  ])('has a step for what only the host can see to: %s', (_what, request, words, wanted) => {
    expect(plan(request).steps.some(({ do: what }) => words.test(what))).toBe(wanted);
  });
});

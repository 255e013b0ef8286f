import { copyFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FAMILIES } from '../../apps/media/families/family.js';
import { installerBoot } from '../../apps/media/families/installer.js';
import { ANACONDA } from '../../apps/media/families/kickstart/installer.js';
import { SUBIQUITY } from '../../apps/media/families/ubuntu/installer.js';
import type { VendorIso } from '../../apps/media/vendor/vendor-iso.js';
import { mediaPlan } from '../../apps/media/plan/plan.js';
import { makeChainIso } from '../../apps/media/deliveries/chain-iso.js';
import { identifyVendorIso } from '../../apps/media/vendor/identify.js';
import { copyKernelFiles } from '../../apps/media/deliveries/kernel-files.js';
import { remasterIso } from '../../apps/media/deliveries/remaster-iso.js';
import { mediaRequest } from '../support/media/media.js';
import { INSTALLED, installedDisk, installerStandIn } from '../support/qemu/installer-stand-in.js';
import { type Running, start } from '../support/processes/processes.js';
import { anaconda, type GuestKernel, standInIso, ubuntuServer } from '../support/media/vendor-isos.js';
import { waitFor } from '../support/wait.js';

type Firmware = 'SeaBIOS' | 'OVMF';

/**
 * A label in which every language on the way has something special: GRUB's script, its command line, udev's
 * names.
 */
const HOSTILE_LABEL = `Fed 'o' "r" $a;{b}#&|<\\x>`;

const folder = mkdtempSync(join(tmpdir(), 'infinibay-chain-'));
let guest: GuestKernel;
const iso: Record<string, string> = {};
const chain: Record<string, string> = {};
let fedora: VendorIso;
let installed: string;
let empty: string;

async function chainFor(family: 'ubuntu' | 'fedora', vendor: VendorIso): Promise<string> {
  const name = `${family}-chain`;
  await makeChainIso({
    folder: join(folder, name),
    image: join(folder, `${name}.iso`),
    installer: family === 'ubuntu' ? SUBIQUITY : ANACONDA,
    label: FAMILIES[family].label,
    iso: vendor,
    files: [{ name: family === 'ubuntu' ? 'user-data' : 'ks.cfg', content: '#cloud-config\n' }],
    sourceDateEpoch: 0,
  });
  return join(folder, `${name}.iso`);
}

interface Machine {
  firmware: Firmware;
  machine: 'q35' | 'pc';
  disk: string;
  chain?: string;
  vendor?: string;
}

/** The media plan's order: the disk, the chain ISO, the vendor's, each with a bootindex. */
function boot({ firmware, machine, disk, chain: chainIso, vendor }: Machine): Running {
  const cd = (path: string | undefined, id: string, bus: number): string[] =>
    path
      ? [
          ...['-drive', `file=${path},if=none,id=${id},format=raw,readonly=on,media=cdrom`],
          ...['-device', `ide-cd,bus=ide.${bus},drive=${id},bootindex=${bus + 2}`],
        ]
      : [];
  const vars = join(folder, `vars-${Math.random().toString(36).slice(2)}.fd`);
  if (firmware === 'OVMF') copyFileSync('/usr/share/OVMF/OVMF_VARS.fd', vars);
  return start('qemu-system-x86_64', [
    ...['-accel', 'tcg', '-machine', machine, '-m', '512', '-nodefaults', '-display', 'none'],
    ...['-serial', 'stdio', '-no-reboot', '-device', 'VGA'],
    ...(firmware === 'OVMF'
      ? [
          ...['-drive', 'if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE.fd'],
          ...['-drive', `if=pflash,format=raw,unit=1,file=${vars}`],
        ]
      : []),
    ...['-drive', `file=${disk},if=none,id=disk0,format=raw,snapshot=on`],
    ...['-device', 'virtio-blk-pci,drive=disk0,bootindex=1'],
    ...cd(chainIso, 'chain0', 0),
    ...cd(vendor, 'vendor0', 1),
  ]);
}

/** What it has printed; the serial terminal breaks lines at 80 columns. */
const printed = (machine: Running): string => machine.output().replace(/\s+/g, ' ');

/** Waits for it to say that; a machine that ends before it does is told at once. */
async function say(machine: Running, what: string): Promise<void> {
  let ended = false;
  void machine.exited.then(() => (ended = true));
  await waitFor(() => printed(machine).includes(what) || ended, {
    what: `the machine to say ${what}`,
    deadlineMs: 180_000,
  }).catch(() => undefined);
  expect(printed(machine)).toContain(what);
}

describe('a chain ISO', () => {
  beforeAll(async () => {
    guest = await installerStandIn();
    mkdirSync(folder, { recursive: true });
    const label = 'Ubuntu-Server 24.04.1 LTS amd64';
    iso['ubuntu'] = await standInIso(join(folder, 'ubuntu.iso'), {
      ...ubuntuServer('24.04.1', { guest, label }),
      boots: [],
    });
    iso['fedora'] = await standInIso(join(folder, 'fedora.iso'), {
      ...anaconda('dvd', { guest, label: HOSTILE_LABEL }),
      boots: [],
    });
    chain['ubuntu'] = await chainFor('ubuntu', await identifyVendorIso(iso['ubuntu']));
    fedora = await identifyVendorIso(iso['fedora']);
    chain['fedora'] = await chainFor('fedora', fedora);
    installed = await installedDisk(join(folder, 'installed.img'));
    empty = join(folder, 'empty.img');
    writeFileSync(empty, '');
    truncateSync(empty, 64 * 1024 * 1024);
  }, 240_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  describe.each<[Firmware, 'q35' | 'pc']>([
    ['SeaBIOS', 'q35'],
    ['SeaBIOS', 'pc'],
    ['OVMF', 'q35'],
    ['OVMF', 'pc'],
  ])('under %s on %s', (firmware, machine) => {
    it('starts the installer on an empty disk, leaves an installed one alone, and says what is missing', async () => {
      const machines = [
        boot({ firmware, machine, disk: empty, chain: chain['ubuntu'], vendor: iso['ubuntu'] }),
        boot({ firmware, machine, disk: installed, chain: chain['ubuntu'], vendor: iso['ubuntu'] }),
        boot({ firmware, machine, disk: empty, chain: chain['ubuntu'] }),
      ] as const;
      try {
        const [first, second, missing] = machines;
        await say(first, `${installerBoot(SUBIQUITY, null).arguments}.`);
        await say(second, INSTALLED);
        expect(second.output()).not.toContain('the installer runs');
        await say(missing, 'Ubuntu-Server 24.04.1 LTS amd64 is missing');
        // It switches itself off: a fleet sees a stopped machine, not one that hangs.
        await expect(missing.exited).resolves.toBe(0);
        expect(missing.output()).not.toContain('the installer runs');
      } finally {
        await Promise.all(machines.map((each) => each.stop('SIGKILL')));
      }
    }, 240_000);
  });

  it.each(['chain', 'direct-kernel'] as const)(
    "starts the installer with the media plan's own QEMU arguments: %s",
    async (delivery) => {
      const request = mediaRequest({
        ...{ os: { family: 'ubuntu', version: '24.04' }, source: 'installer', delivery },
        resources: { memoryMiB: 512, diskFormat: 'raw' },
        ...{ vendorIso: iso['ubuntu'], firmware: delivery === 'chain' ? 'uefi' : 'bios' },
      });
      const kernelFolder = mkdtempSync(join(folder, 'kernel-'));
      const kernelFiles = await copyKernelFiles(iso['ubuntu'] ?? '', SUBIQUITY, kernelFolder);
      const plan = mediaPlan(request, {
        seed: chain['ubuntu'] ?? '',
        socket: join(kernelFolder, 'vm.socket'),
        socketMode: 'connect',
        kernelFiles,
      });
      const vars = join(kernelFolder, 'vars.fd');
      copyFileSync('/usr/share/OVMF/OVMF_VARS.fd', vars);
      const fills: Record<string, string> = {
        disk: `${empty},snapshot=on`,
        seed: chain['ubuntu'] ?? '',
        chain: chain['ubuntu'] ?? '',
        vendorIso: iso['ubuntu'] ?? '',
        ovmfCode: '/usr/share/OVMF/OVMF_CODE.fd',
        ovmfVars: vars,
        ...{ net0: 'user,id=net0', console: 'stdio', display: 'none', qmpSocket: join(kernelFolder, 'qmp') },
        ...kernelFiles,
      };
      const machine = start('qemu-system-x86_64', [
        ...['-accel', 'tcg'],
        ...[...plan.firmware.qemu, ...plan.qemu, ...plan.firstStart.qemu].map((argument) =>
          argument.replace(/\{(\w+)\}/g, (all, name: string) => fills[name] ?? all),
        ),
      ]);
      try {
        await say(machine, `${installerBoot(SUBIQUITY, null).arguments}.`);
        // A chain ISO's kernel says where it came from.
        expect(printed(machine).includes('BOOT_IMAGE=/casper/vmlinuz')).toBe(delivery === 'chain');
      } finally {
        await machine.stop('SIGKILL');
      }
    },
    240_000,
  );

  it('is not needed by a remastered ISO, which boots by itself under both firmwares', async () => {
    const vendor = await standInIso(join(folder, 'bootable.iso'), ubuntuServer('24.04.1', { guest }));
    const found = await identifyVendorIso(vendor);
    const image = join(folder, 'remastered.iso');
    await remasterIso({
      iso: found,
      installer: SUBIQUITY,
      ...{ folder: join(folder, 'remaster'), image, sourceDateEpoch: 0 },
      files: [{ name: 'user-data', content: '#cloud-config\n' }],
    });
    const machines = (['SeaBIOS', 'OVMF'] as const).map((firmware) =>
      boot({ firmware, machine: 'q35', disk: empty, chain: image }),
    );
    try {
      for (const machine of machines)
        await say(machine, `${installerBoot(SUBIQUITY, found, 'vendor-iso').arguments}.`);
    } finally {
      await Promise.all(machines.map((each) => each.stop('SIGKILL')));
    }
  }, 240_000);

  it.each<[Firmware]>([['SeaBIOS'], ['OVMF']])(
    'finds a label with everything special in it, and gives the kernel arguments that arrive as they are, under %s',
    async (firmware) => {
      const running = boot({
        firmware,
        machine: 'q35',
        disk: empty,
        chain: chain['fedora'],
        vendor: iso['fedora'],
      });
      try {
        expect(fedora.volumeId).toBe(HOSTILE_LABEL);
        const { arguments: words } = installerBoot(ANACONDA, fedora);
        expect(words).toContain(`inst.stage2=hd:UUID=${fedora.uuid} inst.ks=hd:LABEL=OEMDRV:/ks.cfg `);
        await say(running, `${words}.`);
      } finally {
        await running.stop('SIGKILL');
      }
    },
    240_000,
  );
});

import { copyFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { seedLoader } from '../../apps/media/families/windows/boot-script.js';
import { makeBootableSeed } from '../../apps/media/image/seed-image.js';
import { type Guest, startGuest } from '../support/qemu/guest.js';
import { waitFor } from '../support/wait.js';
import { windowsFiles, windowsRequest } from '../support/windows/windows.js';
import { makeEfiDisk, makeEfiProgram, makeWindowsIso } from '../support/windows/windows-media.js';

const FIRMWARE = '/usr/share/OVMF/OVMF_CODE_4M.fd';
const VARIABLES = '/usr/share/OVMF/OVMF_VARS_4M.fd';
const VENDOR = 'STAND-IN WINDOWS SETUP';
const INSTALLED = 'STAND-IN WINDOWS';

/** The seed's boot loader on real UEFI firmware, beside a stand-in for the vendor's medium. */
describe('a bootable Windows seed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'infinibay-boot-'));
  const seed = join(folder, 'seed.img');
  const vendor = join(folder, 'vendor.iso');
  const bootmgfw = join(folder, 'bootmgfw.efi');
  let guest: Guest | null = null;

  beforeAll(async () => {
    makeWindowsIso(join(folder, 'vendor'), vendor, VENDOR);
    makeEfiProgram(bootmgfw, INSTALLED);
    const files = [...windowsFiles(windowsRequest())].map(([name, content]) => ({ name, content }));
    const loader = seedLoader(windowsRequest(), 'medium-1');
    if (!loader) throw new Error('this machine has no loader');
    await makeBootableSeed({
      folder: join(folder, 'seed'),
      image: seed,
      files,
      copied: [],
      label: 'INFINIBAY',
      loader,
      mediaId: 'medium-1',
      sourceDateEpoch: 1_700_000_000,
    });
  }, 60_000);
  afterAll(async () => {
    await guest?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  let boots = 0;
  /**
   * Boots as a plan attaches things: the seed on USB first, then the disk, then the vendor's ISO. @returns
   * the console once it has said something
   */
  const boot = async (disk: string, media: { vendor: boolean }, said: RegExp): Promise<string> => {
    boots += 1;
    const variables = join(folder, `variables-${boots}.fd`);
    copyFileSync(VARIABLES, variables);
    guest = await startGuest(join(folder, `qmp-${boots}`), [
      ...['-machine', 'q35', '-smp', '1', '-m', '256', '-no-reboot'],
      ...['-drive', `if=pflash,format=raw,readonly=on,file=${FIRMWARE}`],
      ...['-drive', `if=pflash,format=raw,file=${variables}`],
      ...['-device', 'qemu-xhci', '-drive', `file=${seed},if=none,id=seed0,format=raw,readonly=on`],
      ...['-device', 'usb-storage,drive=seed0,removable=on,bootindex=1'],
      ...[
        '-drive',
        `file=${disk},if=none,id=disk0,format=raw`,
        '-device',
        'virtio-blk-pci,drive=disk0,bootindex=2',
      ],
      ...(media.vendor
        ? [
            ...['-drive', `file=${vendor},if=none,id=vendor0,format=raw,readonly=on,media=cdrom`],
            ...['-device', 'ide-cd,drive=vendor0,bootindex=3'],
          ]
        : []),
    ]);
    const running = guest;
    // Colours and cursor moves stand between words.
    const text = (): string => running.console().replace(/\u001b\[[\d;=?]*[A-Za-z]/g, '');
    await waitFor(() => said.test(text()), {
      what: `${said} on the console: ${text().slice(-2000)}`,
      deadlineMs: 180_000,
    });
    await running.stop();
    guest = null;
    return text();
  };
  const emptyDisk = (name: string): string => {
    const path = join(folder, name);
    writeFileSync(path, '');
    truncateSync(path, 64 * 1024 * 1024);
    return path;
  };

  it('starts the vendor’s setup without a key pressed, from its CD, while the disk is empty', async () => {
    const text = await boot(emptyDisk('empty.img'), { vendor: true }, /STAND-IN WINDOWS SETUP from \S+/);
    expect(text).toMatch(/STAND-IN WINDOWS SETUP from \(cd\d\)\/efi\/microsoft\/boot/);
  }, 240_000);

  it('starts what it has installed, from its disk, although the vendor’s ISO is still there', async () => {
    const disk = makeEfiDisk(join(folder, 'installed.img'), {
      'EFI/Microsoft/Boot/bootmgfw.efi': bootmgfw,
      'infinibay/medium-1': null,
    });
    const text = await boot(disk, { vendor: true }, /STAND-IN WINDOWS (SETUP )?from \S+/);
    expect(text).toMatch(/STAND-IN WINDOWS from \(hd\d,gpt1\)\/EFI\/Microsoft\/Boot/);
  }, 240_000);

  it('starts setup and not the Windows that another medium has installed', async () => {
    const disk = makeEfiDisk(join(folder, 'other.img'), {
      'EFI/Microsoft/Boot/bootmgfw.efi': bootmgfw,
      'infinibay/medium-0': null,
    });
    const text = await boot(disk, { vendor: true }, /STAND-IN WINDOWS (SETUP )?from \S+/);
    expect(text).toContain('STAND-IN WINDOWS SETUP from');
  }, 240_000);

  it('says what is missing when the vendor’s ISO is not attached', async () => {
    const text = await boot(emptyDisk('alone.img'), { vendor: false }, /start the machine again/);
    expect(text).toContain('no Windows setup is attached');
    expect(text).not.toContain('STAND-IN');
  }, 240_000);
});

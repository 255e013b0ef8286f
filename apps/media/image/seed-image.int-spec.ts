import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { command } from '../../../test/support/processes/commands.js';
import { makeVirtioTree } from '../../../test/support/windows/virtio-win.js';
import { FULL_WINDOWS, windowsFiles, windowsRequest } from '../../../test/support/windows/windows.js';
import type { BootLoader, CopiedFile } from '../families/seed-file.js';
import { seedLoader } from '../families/windows/boot-script.js';
import { wantedDrivers } from '../families/windows/drivers.js';
import { makeFatImage } from './fat/fat-image.js';
import { readIso } from '../vendor/iso9660.js';
import { resolveDrivers } from '../vendor/drivers.js';
import { makeBootableSeed, makeIsoSeed, type SeedImage } from './seed-image.js';

const folder = mkdtempSync(join(tmpdir(), 'infinibay-windows-seed-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a Windows seed', () => {
  let copied: CopiedFile[] = [];
  let driverBytes = 0;
  beforeAll(async () => {
    const want = wantedDrivers(windowsRequest(FULL_WINDOWS));
    const { winpe, system, guestTools, size } = await resolveDrivers(
      makeVirtioTree(join(folder, 'virtio')),
      want,
      join(folder, 'scratch'),
    );
    copied = [...winpe, ...system, ...(guestTools ? [guestTools] : [])];
    driverBytes = size;
  });
  const texts = windowsFiles(windowsRequest(FULL_WINDOWS));
  const options = (name: string): SeedImage => ({
    folder: join(folder, `${name}-files`),
    image: join(folder, name),
    files: [...texts].map(([path, content]) => ({ name: path, content })),
    copied,
    label: 'INFINIBAY',
    sourceDateEpoch: 1_700_000_000,
  });
  const boots = (mediaId: string): { loader: BootLoader; mediaId: string } => {
    const loader = seedLoader(windowsRequest(FULL_WINDOWS), mediaId);
    if (!loader) throw new Error('this machine has no loader');
    return { loader, mediaId };
  };
  const expected = (): Map<string, Buffer> =>
    new Map([
      ...[...texts].map(([name, content]) => [name, Buffer.from(content)] as const),
      ...copied.map(({ name, from }) => [name, readFileSync(from)] as const),
    ]);

  it('as an ISO has all files, names and both labels, and the same bytes again', async () => {
    const made = await makeIsoSeed(options('one.iso'));
    const path = join(folder, 'one.iso');
    expect(made).toMatchObject({ name: 'one.iso', kind: 'seed', size: statSync(path).size });
    const contents = await readIso(path);
    expect(contents).toMatchObject({ label: 'INFINIBAY', jolietLabel: 'INFINIBAY' });
    expect(contents.jolietNames).toEqual(expect.arrayContaining([...expected().keys()]));
    expect(contents.jolietNames.filter((name) => !name.includes('/')).sort()).toEqual([
      '$WinPEDriver$',
      'Setup',
      'autounattend.xml',
      'drivers',
      'infinibay',
    ]);
    const out = join(folder, 'iso-out');
    command('xorriso', ['-osirrox', 'on', '-indev', path, '-extract', '/', out]);
    for (const [name, bytes] of expected())
      expect([name, readFileSync(join(out, name)).equals(bytes)]).toEqual([name, true]);
    await makeIsoSeed(options('two.iso'));
    expect(readFileSync(join(folder, 'two.iso')).equals(readFileSync(path))).toBe(true);
  });

  it('that boots has all files and a boot loader, is hardly larger than they are, and has the same bytes again', async () => {
    const started = performance.now();
    const made = await makeBootableSeed({ ...options('one.img'), ...boots('medium-1') });
    const tookMs = performance.now() - started;
    const path = join(folder, 'one.img');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    // For the reader of the run; no pass mark: the machine may be busy.
    process.stdout.write(
      `bootable seed: ${Math.round(tookMs)} ms, ${made.size} bytes, ${driverBytes} of them drivers\n`,
    );
    for (const [name, bytes] of expected()) {
      const out = join(folder, 'out');
      command('mcopy', ['-n', '-o', '-i', path, `::/${name}`, out]);
      expect([name, readFileSync(out).equals(bytes)]).toEqual([name, true]);
    }
    expect(command('blkid', ['-o', 'export', path])).toMatch(/LABEL=INFINIBAY[^]*TYPE=vfat/);
    command('fsck.fat', ['-n', path]);
    expect(command('file', ['-b', join(folder, 'one.img-files/EFI/BOOT/BOOTX64.EFI')])).toMatch(
      /EFI application/,
    );
    // GRUB, scripts and tables beside the drivers.
    expect(made.size).toBeLessThan(driverBytes + 1_048_576);
    const again = await makeBootableSeed({ ...options('two.img'), ...boots('medium-1') });
    expect(again.sha256).toBe(made.sha256);
    const other = await makeBootableSeed({ ...options('three.img'), ...boots('medium-2') });
    expect(other.sha256).not.toBe(made.sha256);
  });

  it.each([1, 3_000, 2_200_000, 40_000_000, 150_000_000])(
    'as FAT has room for a file of %d bytes and little more',
    async (bytes) => {
      const files = join(folder, `fat-${bytes}`);
      command('mkdir', ['-p', join(files, 'a long name of a folder', 'b')]);
      writeFileSync(
        join(files, 'a long name of a folder/b/a file with a name that is longer still.sys'),
        Buffer.alloc(bytes, 3),
      );
      for (let index = 0; index < 120; index += 1)
        writeFileSync(join(files, `a long name of a folder/number ${index} of many small files.txt`), 'x');
      const image = join(folder, `fat-${bytes}.img`);
      const { size } = await makeFatImage({
        folder: files,
        image,
        label: 'X',
        volumeId: '12345678',
        sourceDateEpoch: 0,
      });
      expect(size).toBeLessThan(bytes * 1.02 + 200_000);
      rmSync(image);
      rmSync(files, { recursive: true });
    },
  );

  it('leaves nothing half behind when the disk is full', async () => {
    const mount = join(folder, 'full');
    command('mkdir', [mount]);
    command('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mount]);
    try {
      const full = { ...options('x'), folder: join(folder, 'full-files'), image: join(mount, 'seed.img') };
      await expect(makeBootableSeed({ ...full, ...boots('medium-1') })).rejects.toMatchObject({
        code: 'media.image_failed',
      });
    } finally {
      command('umount', [mount]);
    }
  });
});

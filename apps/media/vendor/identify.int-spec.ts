import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AppError } from '#runtime';
import { command } from '../../../test/support/processes/commands.js';
import {
  anaconda,
  type StandIn,
  standInIso,
  ubuntuDesktop,
  ubuntuServer,
  windowsIso,
  windowsWim,
} from '../../../test/support/media/vendor-isos.js';
import { ImageFile, lengthOf } from './image-file.js';
import { Iso9660 } from './iso9660.js';
import { identifyVendorIso, readFacts } from './identify.js';

const GIB = 1024 ** 3;

describe('a vendor ISO', () => {
  const folder = mkdtempSync(join(tmpdir(), 'infinibay-vendor-iso-'));
  let count = 0;
  const place = (): string => join(folder, `${(count += 1)}.iso`);
  const made = (standIn: StandIn): Promise<string> => standInIso(place(), standIn);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each<[string, StandIn, object]>([
    [
      "Ubuntu's live server",
      { ...ubuntuServer('24.04.1'), boots: ['bios', 'uefi'] },
      { family: 'ubuntu', version: '24.04.1', variant: 'live-server', bios: true, uefi: true },
    ],
    [
      "Ubuntu's desktop with Subiquity",
      { ...ubuntuDesktop('24.04'), boots: [] },
      { family: 'ubuntu', version: '24.04', variant: 'desktop', bios: false, uefi: false },
    ],
    [
      "Ubuntu's desktop before it",
      { ...ubuntuDesktop('22.04.5'), boots: ['uefi'] },
      { family: 'ubuntu', version: '22.04.5', variant: 'desktop-legacy', bios: false, uefi: true },
    ],
    [
      "Ubuntu's server with Debian's installer",
      {
        label: 'Ubuntu-Server 20.04.1 LTS amd64',
        files: { '.disk/info': 'Ubuntu-Server 20.04.1 LTS "Focal Fossa" - Release amd64 (20200731)' },
        boots: ['bios'],
      },
      { family: 'ubuntu', version: '20.04.1', variant: 'legacy-server', bios: true, uefi: false },
    ],
    [
      "Fedora's DVD",
      { ...anaconda('dvd'), boots: [] },
      { family: 'fedora', version: '43', variant: 'dvd', architecture: 'x86_64' },
    ],
    [
      "Fedora's network medium, which has the DVD's volume id",
      { ...anaconda('netinst'), boots: [] },
      { family: 'fedora', version: '43', variant: 'netinst', architecture: 'x86_64' },
    ],
    [
      "Fedora's Live medium",
      { ...anaconda('live'), boots: [] },
      { family: 'fedora', version: '43', variant: 'live', architecture: 'x86_64' },
    ],
    [
      "RHEL's DVD",
      {
        ...anaconda('dvd', {
          product: 'Red Hat Enterprise Linux',
          version: '9.4',
          label: 'RHEL-9-4-0-BaseOS-x86_64',
        }),
        boots: [],
      },
      { family: 'rhel', version: '9.4', variant: 'dvd' },
    ],
    [
      "Rocky's boot medium",
      { ...anaconda('netinst', { version: '10.0', label: 'Rocky-10-0-x86_64-boot' }), boots: [] },
      { family: 'rocky', version: '10.0', variant: 'netinst' },
    ],
    [
      "Alma's DVD",
      {
        ...anaconda('dvd', { product: 'AlmaLinux', version: '8.10', label: 'AlmaLinux-8-10-x86_64-dvd' }),
        boots: [],
      },
      { family: 'alma', version: '8.10', variant: 'dvd' },
    ],
  ])('is known: %s', async (_what, standIn, expected) => {
    const path = await made(standIn);
    await expect(identifyVendorIso(path)).resolves.toMatchObject({
      path,
      volumeId: standIn.label,
      architecture: 'x86_64',
      ...expected,
    });
  });

  describe('of Windows', () => {
    it('tells its editions, out of UDF', async () => {
      const path = await windowsIso(place());
      // The ISO 9660 tree has none of it, as on the real ones.
      const file = await ImageFile.open(path);
      expect(await (await Iso9660.open(file))?.find('sources/install.wim')).toBeNull();
      await file.close();
      await expect(identifyVendorIso(path)).resolves.toEqual({
        path,
        volumeId: 'CPBA_X64FRE_EN-US_DV5',
        uuid: expect.stringMatching(/^\d{4}(-\d\d){6}$/),
        family: 'windows',
        version: '11',
        architecture: 'x86_64',
        variant: 'windows',
        build: 26100,
        bios: true,
        uefi: true,
        editions: [
          { index: 1, name: 'Windows 11 Home', editionId: 'Core', language: 'en-US' },
          { index: 2, name: 'Windows 11 Pro', editionId: 'Professional', language: 'en-US' },
        ],
      });
    });

    it.each([
      ['10', 19045, 'Client'],
      ['2019', 17763, 'Server'],
      ['2022', 20348, 'Server Core'],
      ['2025', 26100, 'Server'],
    ] as const)('is told from other releases by its build: %s', async (version, build, type) => {
      const editions = [{ name: 'One', editionId: 'One', build, type }];
      const path = await windowsIso(place(), { editions });
      await expect(identifyVendorIso(path)).resolves.toMatchObject({ family: 'windows', version, build });
    });

    it('is read where UDF keeps a large WIM in pieces, and no more of it than must be', async () => {
      const path = await windowsIso(place(), { wimBytes: 1100 * 1024 ** 2 });
      const file = await ImageFile.open(path);
      try {
        const { windows } = await readFacts(file);
        expect(windows?.map(({ editionId }) => editionId)).toEqual(['Core', 'Professional']);
        expect(file.bytesRead).toBeLessThan(1024 * 1024);
      } finally {
        await file.close();
        rmSync(path);
      }
    }, 120_000);

    it('is known when its files are in ISO 9660', async () => {
      const wim = join(folder, 'install.wim');
      windowsWim(wim);
      const path = await made({ label: 'WIN', files: { 'sources/install.wim': { from: wim } }, boots: [] });
      await expect(identifyVendorIso(path)).resolves.toMatchObject({ family: 'windows', version: '11' });
    });
  });

  it('of 2.75 GB is read in some hundred kilobytes, and its last file is found where it lies', async () => {
    const bytes = Math.floor(2.75 * GIB);
    const path = await made({ ...ubuntuServer(), bytes });
    expect(statSync(path).size).toBe(bytes);
    expect(statSync(path).blocks * 512).toBeLessThan(64 * 1024 * 1024);
    const file = await ImageFile.open(path);
    try {
      const facts = await readFacts(file);
      expect(facts.texts['.disk/info']).toContain('24.04.1');
      expect(file.bytesRead).toBeLessThan(512 * 1024);
      const filler = await (await Iso9660.open(file))?.find('/filler');
      expect(lengthOf(filler ?? []) + (filler?.[0]?.position ?? 0)).toBe(bytes);
    } finally {
      await file.close();
    }
    // Another program reads the same sizes.
    const listed = command('xorriso', ['-indev', path, '-lsl', '/filler']);
    expect(Number(/(\d{6,})/.exec(listed)?.[1])).toBeGreaterThan(2.7 * GIB);
  });

  it('with any bytes changed is identified or refused with its path, and the reader always ends', async () => {
    const images = [await windowsIso(place()), await made({ ...anaconda('dvd'), boots: ['uefi'] })];
    const whole = images.map((path) => readFileSync(path));
    await fc.assert(
      fc.asyncProperty(
        fc.nat(1),
        fc.array(fc.tuple(fc.nat(300 * 2048 * 8), fc.nat(255)), { minLength: 1, maxLength: 400 }),
        fc.constantFrom(0, 0xff, null),
        async (which, changes, everywhere) => {
          const bytes = Buffer.from(whole[which] ?? Buffer.alloc(0));
          // Most of an image is data: changes go to its tables, which begin at sector 16.
          for (const [at, value] of changes)
            bytes[(16 * 2048 + at) % Math.min(bytes.length, 1024 * 1024)] = everywhere ?? value;
          const path = join(folder, 'changed.iso');
          writeFileSync(path, bytes);
          const answer = await identifyVendorIso(path).catch((error: unknown) => error);
          if (answer instanceof Error) {
            expect(answer).toBeInstanceOf(AppError);
            expect(answer.message).toContain(path);
          }
        },
      ),
      { numRuns: 150 },
    );
  }, 120_000);

  it('has the UUID that blkid gives it', async () => {
    const path = await made({ ...ubuntuServer(), boots: [] });
    const { uuid } = await identifyVendorIso(path);
    expect(uuid).toBe(command('blkid', ['-p', '-o', 'value', '-s', 'UUID', path]).trim());
  });

  describe('that is none is refused with its path and the way out:', () => {
    let whole: string;
    beforeAll(async () => {
      whole = await made({ ...ubuntuServer(), boots: [], bytes: 4 * 1024 * 1024 });
    });
    const file = (content: string | Buffer): string => {
      const path = place();
      writeFileSync(path, content);
      return path;
    };
    const folderPath = (): string => {
      const path = place();
      mkdirSync(path);
      return path;
    };
    const truncated = (path: string, size: number): string => {
      const copy = place();
      command('cp', [path, copy]);
      truncateSync(copy, size);
      return copy;
    };
    const damaged = async (): Promise<string> => {
      const path = await windowsIso(place());
      // The entry of UDF's root folder is overwritten.
      command('sh', [
        '-c',
        'dd if=/dev/zero of="$1" bs=2048 seek=258 count=8 conv=notrunc status=none',
        'sh',
        path,
      ]);
      return path;
    };

    it.each<[string, string, () => string | Promise<string>, RegExp]>([
      ['a path without a file', 'missing', place, /cannot be read \(ENOENT\)/],
      ['a folder', 'missing', folderPath, /it is no file/],
      ['an empty file', 'empty', () => file(''), /is empty: download it again/],
      ['a web page', 'html', () => file('\n<!DOCTYPE html><title>404</title>'), /is a web page, not an ISO/],
      ['a long web page', 'html', () => file('<html>'.padEnd(100_000, ' ')), /is a web page/],
      ['something else', 'not_iso', () => file(Buffer.alloc(100_000)), /is not an ISO image/],
      [
        'half of one',
        'truncated',
        () => truncated(whole, 2 * 1024 * 1024),
        /has 2097152 of the 4194304 bytes that it says/,
      ],
      [
        'the beginning of one',
        'damaged',
        () => truncated(whole, 17 * 2048 + 10),
        /is damaged: the image ends/,
      ],
      [
        'one with a damaged file system',
        'damaged',
        damaged,
        /is damaged: a file entry of the image is damaged: download/,
      ],
      [
        'the medium of another system',
        'unknown',
        () => made({ label: 'FreeBSD', files: { README: '' }, boots: [] }),
        /is no install medium that is known here \(volume id "FreeBSD"\)/,
      ],
    ])('%s', async (_what, code, make, message) => {
      const path = await make();
      const refused = identifyVendorIso(path);
      await expect(refused).rejects.toMatchObject({ code: `media.vendor_iso_${code}`, status: 400 });
      await expect(refused).rejects.toThrow(message);
      await expect(refused).rejects.toThrow(`vendorIso: ${path} `);
    });
  });
});

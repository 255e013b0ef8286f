import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeVirtioIso, makeVirtioTree } from '../../../test/support/windows/virtio-win.js';
import { WINDOWS_VERSIONS } from '../families/windows/versions.js';
import { type ResolvedDrivers, resolveDrivers } from './drivers.js';

const folder = mkdtempSync(join(tmpdir(), 'infinibay-drivers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const tree = join(folder, 'tree');
const iso = join(folder, 'virtio-win.iso');
beforeAll(() => {
  makeVirtioTree(tree);
  makeVirtioIso(tree, iso);
});

let scratches = 0;
const scratch = (): string => join(folder, `scratch-${(scratches += 1)}`);
const WANT = {
  version: '11',
  architecture: 'x86_64' as const,
  drivers: ['vioserial', 'Balloon', 'viorng'],
  guestTools: true,
};
const names = ({ winpe, system, guestTools }: ResolvedDrivers): string[] =>
  [...winpe, ...system, ...(guestTools ? [guestTools] : [])].map(({ name }) => name).sort();

const WHOLE = [
  '$WinPEDriver$/NetKVM/netkvm.cat',
  '$WinPEDriver$/NetKVM/netkvm.inf',
  '$WinPEDriver$/NetKVM/netkvm.sys',
  '$WinPEDriver$/NetKVM/netkvmp.exe',
  '$WinPEDriver$/vioscsi/vioscsi.cat',
  '$WinPEDriver$/vioscsi/vioscsi.inf',
  '$WinPEDriver$/vioscsi/vioscsi.sys',
  '$WinPEDriver$/viostor/viostor.cat',
  '$WinPEDriver$/viostor/viostor.inf',
  '$WinPEDriver$/viostor/viostor.sys',
  'Setup/Scripts/infinibay/virtio-win-guest-tools.exe',
  'drivers/Balloon/balloon.cat',
  'drivers/Balloon/balloon.inf',
  'drivers/Balloon/balloon.sys',
  'drivers/Balloon/blnsvr.exe',
  'drivers/Virtio_Win_Red_Hat_CA.cer',
  'drivers/viorng/viorng.cat',
  'drivers/viorng/viorng.inf',
  'drivers/viorng/viorng.sys',
  'drivers/viorng/viorngum.dll',
  'drivers/vioserial/vioser.cat',
  'drivers/vioserial/vioser.inf',
  'drivers/vioserial/vioser.sys',
];

describe('virtio drivers', () => {
  it.each(WINDOWS_VERSIONS.map(({ version, driverFolder }) => [version, driverFolder] as const))(
    'for Windows %s come from the folder %s',
    async (version, os) => {
      const resolved = await resolveDrivers(tree, { ...WANT, version }, scratch());
      expect(names(resolved)).toEqual(WHOLE);
      for (const { from } of [...resolved.winpe, ...resolved.system])
        if (!from.includes('/cert/')) expect(from).toContain(`/${os}/amd64/`);
      expect(resolved.size).toBeGreaterThan(100_000);
    },
  );

  it('come from an ISO as from its folder, with the same bytes', async () => {
    const fromIso = await resolveDrivers(iso, WANT, scratch());
    const fromFolder = await resolveDrivers(tree, WANT, scratch());
    expect(names(fromIso)).toEqual(WHOLE);
    expect(fromIso.size).toBe(fromFolder.size);
    const bytes = ({ winpe, system }: ResolvedDrivers): Map<string, Buffer> =>
      new Map([...winpe, ...system].map(({ name, from }) => [name, readFileSync(from)]));
    expect(bytes(fromIso)).toEqual(bytes(fromFolder));
  });

  it('come for the architecture, and from the folder of a package', async () => {
    const arm = await resolveDrivers(tree, { ...WANT, architecture: 'aarch64' }, scratch());
    expect(arm.winpe.every(({ from }) => from.includes('/w11/ARM64/'))).toBe(true);
    const packaged = join(folder, 'package');
    cpSync(tree, join(packaged, 'drivers/by-driver'), { recursive: true });
    expect(names(await resolveDrivers(packaged, { ...WANT, guestTools: false }, scratch()))).toEqual(
      WHOLE.filter((name) => !name.includes('guest-tools')),
    );
  });

  it('without extras are those of the installer', async () => {
    const { winpe, system, guestTools } = await resolveDrivers(
      tree,
      { ...WANT, drivers: [], guestTools: false },
      scratch(),
    );
    expect(winpe).toHaveLength(10);
    expect([system.map(({ name }) => name), guestTools]).toEqual([
      ['drivers/Virtio_Win_Red_Hat_CA.cer'],
      null,
    ]);
  });

  const broken = (name: string, change: (tree: string) => void): string => {
    const copy = join(folder, name);
    cpSync(tree, copy, { recursive: true });
    change(copy);
    return copy;
  };
  const at = 'w11/amd64';

  it.each<[string, (tree: string) => void, RegExp[]]>([
    [
      'lacks a driver',
      (path) => rmSync(join(path, 'vioserial'), { recursive: true }),
      [/vioserial\/w11\/amd64 is missing/],
    ],
    [
      'lacks the folder of the Windows',
      (path) => rmSync(join(path, 'viostor/w11'), { recursive: true }),
      [/viostor\/w11\/amd64 is missing/],
    ],
    [
      'has no INF',
      (path) => rmSync(join(path, 'NetKVM', at, 'netkvm.inf')),
      [/NetKVM\/w11\/amd64 has no INF/],
    ],
    [
      'lacks a catalog',
      (path) => rmSync(join(path, 'viorng', at, 'viorng.cat')),
      [/VIORNG\.CAT is missing, which viorng\.inf names/],
    ],
    [
      'lacks a file that an INF names',
      (path) => rmSync(join(path, 'Balloon', at, 'blnsvr.exe')),
      [/blnsvr\.exe is missing, which balloon\.inf names/],
    ],
    [
      'has an empty file',
      (path) => truncateSync(join(path, 'viostor', at, 'viostor.sys')),
      [/viostor\.sys is empty/],
    ],
    [
      'has a web page for a driver',
      (path) => writeFileSync(join(path, 'viostor', at, 'viostor.sys'), '<!DOCTYPE html><html>404'),
      [/viostor\.sys is a web page/],
    ],
    [
      'has a web page for an INF',
      (path) => writeFileSync(join(path, 'viostor', at, 'viostor.inf'), '\n <html><body>Login'),
      [/viostor\.inf is a web page/],
    ],
    [
      'has text for a driver',
      (path) => writeFileSync(join(path, 'vioscsi', at, 'vioscsi.sys'), 'not found'),
      [/vioscsi\.sys is no sys file by its content/],
    ],
    [
      'has text for an INF',
      (path) => writeFileSync(join(path, 'vioscsi', at, 'vioscsi.inf'), 'hello'),
      [/vioscsi\.inf has no \[Version\] section/],
    ],
    [
      'has an INF that leads out of its folder',
      (path) => {
        const inf = join(path, 'viostor', at, 'viostor.inf');
        writeFileSync(
          inf,
          readFileSync(inf, 'utf8').replace('viostor.sys = 1,,', '..\\..\\..\\..\\etc\\passwd = 1,,'),
        );
      },
      [/viostor\.inf names/],
    ],
    [
      'has an INF without a catalog',
      (path) => {
        const inf = join(path, 'viostor', at, 'viostor.inf');
        writeFileSync(inf, readFileSync(inf, 'utf8').replace(/CatalogFile.*/, ''));
      },
      [/viostor\.inf names no catalog/],
    ],
    [
      'lacks the guest tools',
      (path) => rmSync(join(path, 'virtio-win-guest-tools.exe')),
      [/virtio-win-guest-tools\.exe is missing/],
    ],
    [
      'has many faults, which are all told',
      (path) => {
        rmSync(join(path, 'viorng'), { recursive: true });
        truncateSync(join(path, 'NetKVM', at, 'netkvm.cat'));
        rmSync(join(path, 'vioserial', at, 'vioser.sys'));
      },
      [/viorng\/w11\/amd64 is missing/, /netkvm\.cat is empty/, /vioser\.sys is missing/],
    ],
  ])('are refused when the tree %s', async (what, change, reasons) => {
    const path = broken(`broken ${what.slice(0, 40)}`.replace(/\W+/g, '-'), change);
    for (const source of [path, makeVirtioIso(path, `${path}.iso`)]) {
      const error = await resolveDrivers(source, WANT, scratch()).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'media.drivers', status: 422 });
      for (const reason of reasons) expect((error as Error).message).toMatch(reason);
      // The path is the operator's, never the one where an ISO was unpacked.
      expect((error as Error).message).toContain(source);
      expect((error as Error).message).not.toContain('scratch-');
    }
  });

  it.each<[string, (path: string) => void, RegExp]>([
    ['not there', () => undefined, /cannot be read/],
    ['empty', (path) => writeFileSync(path, ''), /is empty/],
    ['a web page', (path) => writeFileSync(path, '<!doctype html><title>Sign in</title>'), /is a web page/],
    ['no ISO at all', (path) => writeFileSync(path, Buffer.alloc(100_000, 7)), /is no ISO 9660 image/],
    [
      'truncated',
      (path) => {
        copyFileSync(iso, path);
        truncateSync(path, 60 * 1024);
      },
      /truncated|is missing/,
    ],
    [
      'truncated in its files',
      (path) => {
        copyFileSync(iso, path);
        truncateSync(path, 300 * 1024);
      },
      /should have \d+ bytes and has 307200/,
    ],
  ])('are refused when the ISO is %s', async (what, make, reason) => {
    const path = join(folder, `${what.replaceAll(' ', '-')}.iso`);
    make(path);
    await expect(resolveDrivers(path, WANT, scratch())).rejects.toThrow(reason);
  });

  it('are refused when an empty folder is meant for them, or another ISO', async () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    await expect(resolveDrivers(empty, WANT, scratch())).rejects.toThrow(
      /viostor\/w11\/amd64 is missing[^]*vioscsi/,
    );
    const other = join(folder, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'readme'), 'x');
    await expect(
      resolveDrivers(makeVirtioIso(other, join(folder, 'other.iso')), WANT, scratch()),
    ).rejects.toThrow(/has none of|is missing/);
    expect(existsSync(join(folder, 'other.iso'))).toBe(true);
  });
});

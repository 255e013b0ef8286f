import {
  closeSync,
  constants,
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { command } from '../../../test/support/processes/commands.js';
import { anaconda, standInIso, ubuntuServer } from '../../../test/support/media/vendor-isos.js';
import { makeVirtioIso, makeVirtioTree } from '../../../test/support/windows/virtio-win.js';
import { identifyVendorIso } from './identify.js';
import { resolveDrivers } from './drivers.js';

const SECTOR = 2048;
const SOON = 10_000;
const folder = mkdtempSync(join(tmpdir(), 'infinibay-hostile-'));
const whole = join(folder, 'whole');
const WANT = { version: '11', architecture: 'x86_64' as const, drivers: [], guestTools: false };
let count = 0;
const place = (): string => join(folder, String((count += 1)));
const resolve = (source: string): ReturnType<typeof resolveDrivers> => resolveDrivers(source, WANT, place());

const fifos: string[] = [];
function fifo(path: string): string {
  rmSync(path, { force: true });
  command('mkfifo', [path]);
  fifos.push(path);
  return path;
}

beforeAll(() => {
  makeVirtioTree(whole, { systems: ['w11'], architectures: ['amd64'] });
});
// Whoever waits for a writer after all is let go, so that a fault here is a red test and no run without an
// end.
afterEach(() => {
  for (const path of fifos.splice(0))
    try {
      closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    } catch {
      // Nobody waits.
    }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a path that is no file', () => {
  it.each<[string, () => string]>([
    ['a FIFO', () => fifo(place())],
    ['a device without an end', () => '/dev/zero'],
    ['a folder', () => folder],
  ])(
    'is refused as an ISO at once: %s',
    async (_, path) => {
      await expect(identifyVendorIso(path())).rejects.toMatchObject({
        code: 'media.vendor_iso_missing',
        message: expect.stringContaining('it is no file'),
      });
    },
    SOON,
  );

  it.each<[string, () => string]>([
    ['a FIFO', () => fifo(place())],
    ['a device without an end', () => '/dev/zero'],
  ])(
    'is refused as drivers at once: %s',
    async (_, path) => {
      await expect(resolve(path())).rejects.toMatchObject({
        code: 'media.drivers',
        message: expect.stringContaining('is no file'),
      });
    },
    SOON,
  );

  it.each(['viostor/w11/amd64/viostor.inf', 'NetKVM/w11/amd64/netkvm.sys', 'cert/more.cer'])(
    'is refused inside of a tree of drivers: %s',
    async (path) => {
      const tree = place();
      cpSync(whole, tree, { recursive: true });
      fifo(join(tree, path));
      await expect(resolve(tree)).rejects.toMatchObject({
        code: 'media.drivers',
        message: expect.stringContaining(`${join(tree, path)} is no file`),
      });
    },
    SOON,
  );

  it('is refused as a certificate also when it is a folder', async () => {
    const tree = place();
    cpSync(whole, tree, { recursive: true });
    mkdirSync(join(tree, 'cert/more.cer'));
    await expect(resolve(tree)).rejects.toMatchObject({ code: 'media.drivers' });
  });
});

describe('a driver ISO', () => {
  it('whose files share their bytes cannot unpack to many times its size', async () => {
    const tree = place();
    cpSync(whole, tree, { recursive: true });
    const first = join(tree, 'cert/pad-0.cer');
    writeFileSync(first, Buffer.alloc(4 * 1024 * 1024, 0x30));
    for (let name = 1; name < 16; name += 1) linkSync(first, join(tree, `cert/pad-${name}.cer`));
    const image = `${tree}.iso`;
    command('xorriso', ['-as', 'mkisofs', '-quiet', '--hardlinks', '-J', '-r', '-o', image, tree]);
    expect(statSync(image).size).toBeLessThan(8 * 1024 * 1024);
    await expect(resolve(image)).rejects.toMatchObject({
      code: 'media.drivers',
      message: expect.stringMatching(/has \d+ bytes and unpacks to \d{8}/),
    });
  });

  it('cannot bring a file of this machine onto the seed by a link', async () => {
    const secret = join(folder, 'secrets.key');
    writeFileSync(secret, 'a secret of this machine');
    const tree = place();
    cpSync(whole, tree, { recursive: true });
    symlinkSync(secret, join(tree, 'cert/more.cer'));
    const sys = join(tree, 'viostor/w11/amd64/viostor.sys');
    unlinkSync(sys);
    symlinkSync(secret, sys);
    const refusal = await resolve(makeVirtioIso(tree, `${place()}.iso`)).catch((error: Error) => error);
    expect(refusal).toMatchObject({ code: 'media.drivers' });
    const { message } = refusal as Error;
    expect(message).toContain(':/cert/more.cer is a link that leads out of the ISO');
    expect(message).toContain(':/viostor/w11/amd64/viostor.sys is a link that leads out of the ISO');
  });

  it(
    'is told from a web page by its first bytes in no time, whatever blanks it begins with',
    async () => {
      const path = place();
      writeFileSync(path, `${'\uFEFF'.repeat(33)}x`);
      const began = Date.now();
      await expect(resolve(path)).rejects.toMatchObject({ code: 'media.drivers' });
      expect(Date.now() - began).toBeLessThan(2000);
      const page = place();
      writeFileSync(page, '\uFEFF \n<!DOCTYPE html>');
      await expect(resolve(page)).rejects.toThrow('is a web page');
    },
    SOON,
  );
});

describe('a vendor ISO that is made to be read for ever', () => {
  it('has a description whose blanks are tried for each other', async () => {
    const dvd = anaconda('dvd');
    const image = `${place()}.iso`;
    const treeinfo = `name = x${' '.repeat(60_000)}x\n[general]\nfamily = Fedora\nversion = 43\n`;
    await standInIso(image, { ...dvd, boots: [], files: { ...dvd.files, '.treeinfo': treeinfo } });
    const began = Date.now();
    await expect(identifyVendorIso(image)).resolves.toMatchObject({ family: 'fedora' });
    expect(Date.now() - began).toBeLessThan(3000);
  }, 60_000);

  it(
    'has a root of records that each send the reader on',
    async () => {
      const server = ubuntuServer();
      const image = `${place()}.iso`;
      await standInIso(image, { ...server, boots: [] });
      const bytes = readFileSync(image);
      const at = bytes.length / SECTOR;
      const records = endlessRecords(at);
      const root = 16 * SECTOR + 156;
      bytes.writeUInt32LE(at + 1, root + 2);
      bytes.writeUInt32LE(records.length, root + 10);
      writeFileSync(image, Buffer.concat([bytes, continuation(at), records]));
      await expect(identifyVendorIso(image)).rejects.toMatchObject({
        code: 'media.vendor_iso_damaged',
        message: expect.stringContaining('without an end'),
      });
    },
    SOON * 3,
  );
});

/** A continuation area that continues in itself. Source: IEEE P1281, the CE entry. */
function continuation(sector: number): Buffer {
  const area = Buffer.alloc(SECTOR);
  continueAt(sector).copy(area);
  return area;
}

function continueAt(sector: number): Buffer {
  const entry = Buffer.alloc(28);
  entry.write('CE', 'latin1');
  entry[2] = 28;
  entry[3] = 1;
  entry.writeUInt32LE(sector, 4);
  entry.writeUInt32LE(28, 20);
  return entry;
}

/** 900 KiB of the smallest records that have a continuation. */
function endlessRecords(sector: number): Buffer {
  const record = Buffer.alloc(62);
  record[0] = record.length;
  record[32] = 1;
  record.write('A', 33, 'latin1');
  continueAt(sector).copy(record, 34);
  const one = Buffer.alloc(SECTOR);
  for (let at = 0; at + record.length <= SECTOR; at += record.length) record.copy(one, at);
  return Buffer.concat(Array.from({ length: 450 }, () => one));
}

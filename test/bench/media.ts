import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { execFile } from 'node:child_process';
import type { MediaResult } from '#protocol';
import { identifyVendorIso } from '../../apps/media/vendor/identify.js';
import { baseDir, type Operator, startStandalone } from '../support/apps/apps.js';
import { command } from '../support/processes/commands.js';
import { standInIso, ubuntuServer, windowsIso, windowsWim } from '../support/media/vendor-isos.js';
import { makeVirtioTree } from '../support/windows/virtio-win.js';
import { type Figure, percentile, timed } from './figures.js';

const KIB = 1024;
const RUNS = 15;
const AT_ONCE = 50;
/** 2.75 GB, in whole sectors. */
const VENDOR_BYTES = Math.floor(2.75e9 / 2048) * 2048;
/** As Ubuntu's installer has them. */
const KERNEL_BYTES = 15_000_000;
const INITRD_BYTES = 70_000_000;
const MKISOFS = ['-as', 'mkisofs', '-quiet', '-J', '-r', '-V', 'cidata'];

interface Bench {
  operator: Operator;
  /** The folder of all media. */
  media: string;
  folder: string;
}

/**
 * Media of all families by HTTP, rows and plan and image with read-back, beside bare tools on the same files.
 */
export async function benchMedia(): Promise<Figure[]> {
  const base = baseDir();
  const folder = mkdtempSync(join(tmpdir(), 'infinibay-bench-'));
  // What media of Windows name; nothing here starts them.
  mkdirSync(join(base, 'infiniservice/binaries/windows'), { recursive: true });
  for (const name of ['binaries/windows/infiniservice.exe', 'install/install-windows.ps1'])
    writeFileSync(join(base, 'infiniservice', name), 'MZ');
  const { app, operator } = await startStandalone(base);
  const bench: Bench = { operator, folder, media: join(base, 'media') };
  try {
    return [
      ...(await seeds(bench)),
      ...(await fromVendorIso(bench)),
      ...(await atOnce(bench)),
      ...(await wim(bench)),
    ];
  } finally {
    await app.stop();
    rmSync(base, { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
  }
}

const UBUNTU = { os: { family: 'ubuntu', version: '24.04' }, source: 'installer', delivery: 'seed' };

async function make({ operator }: Bench, more: object): Promise<MediaResult> {
  const vmId = randomUUID();
  const users = [{ name: 'someone', password: 'a canary of a Passw0rd' }];
  return operator.request('POST', '/media', { vmId, hostname: `vm-${vmId.slice(0, 8)}`, users, ...more });
}

const fileOf = ({ media }: Bench, { id, files }: MediaResult): string =>
  join(media, id, files[0]?.name ?? '');

/** Makes it often, and bare xorriso makes an image of the files that are in it. */
async function beside(
  bench: Bench,
  what: string,
  request: object,
  maxima: { ms: number; kib: number },
): Promise<Figure[]> {
  let made = '';
  const ours = await timed(RUNS, async () => (made = fileOf(bench, await make(bench, request))));
  const files = mkdtempSync(join(bench.folder, 'files-'));
  if (made.endsWith('.img')) command('mcopy', ['-s', '-n', '-i', made, '::/*', files]);
  else command('xorriso', ['-osirrox', 'on', '-indev', made, '-extract', '/', files]);
  const image = `${files}.iso`;
  const bare = await timed(RUNS, () => command('xorriso', [...MKISOFS, '-o', image, files]));
  return [
    {
      what: `${what}, POST /media, p50`,
      value: percentile(ours, 0.5),
      unit: 'ms',
      target: maxima.ms,
      against: { what: 'xorriso alone', value: percentile(bare, 0.5) },
    },
    {
      what: `size of ${what}`,
      value: statSync(made).size / KIB,
      unit: 'KB',
      target: maxima.kib,
      against: { what: 'xorriso alone', value: statSync(image).size / KIB },
    },
  ];
}

async function seeds(bench: Bench): Promise<Figure[]> {
  const script = await bench.operator.script('first', 'true');
  const maxima = { ms: 300, kib: 1024 };
  const cloud = {
    ...UBUNTU,
    source: 'cloud-image',
    delivery: undefined,
    firstBootScripts: [{ scriptId: script }],
  };
  const fedora = { os: { family: 'fedora', version: '43' }, source: 'installer', delivery: 'seed' };
  const virtioDrivers = makeVirtioTree(join(bench.folder, 'virtio-win'));
  const windows = {
    os: { family: 'windows', version: '11' },
    ...{ source: 'installer', virtioDrivers },
    windows: { drivers: ['vioserial', 'Balloon', 'viorng'], guestTools: true },
  };
  const drivers = driverBytes(virtioDrivers) / KIB;
  return [
    ...(await beside(bench, 'seed for an Ubuntu cloud image', cloud, maxima)),
    ...(await beside(bench, 'seed for the Ubuntu installer', UBUNTU, maxima)),
    ...(await beside(bench, 'seed for the Fedora installer', fedora, maxima)),
    ...(await beside(bench, 'bootable seed for Windows with drivers', windows, {
      ...maxima,
      kib: 1024 + drivers,
    })),
  ];
}

/** What a seed for Windows 11 takes of them. */
function driverBytes(tree: string): number {
  const wanted = /(^|\/)w11\/amd64\/.*(?<!\.pdb)$|guest-tools\.exe$|\.cer$/;
  return readdirSync(tree, { recursive: true, encoding: 'utf8' })
    .filter((path) => wanted.test(path))
    .reduce((sum, path) => sum + statSync(join(tree, path)).size, 0);
}

/**
 * One that has the size of a real one: chain ISO, kernel beside it, and the copy that needs no second medium.
 */
async function fromVendorIso(bench: Bench): Promise<Figure[]> {
  const guest = { kernel: join(bench.folder, 'kernel'), initrd: join(bench.folder, 'initrd') };
  writeFileSync(guest.kernel, randomBytes(KERNEL_BYTES));
  writeFileSync(guest.initrd, randomBytes(INITRD_BYTES));
  const vendorIso = join(bench.folder, 'vendor.iso');
  await standInIso(vendorIso, { ...ubuntuServer('24.04.1', { guest }), bytes: VENDOR_BYTES });
  const figures = await beside(
    bench,
    'chain ISO',
    { ...UBUNTU, delivery: 'chain', vendorIso },
    { ms: 600, kib: 6 * KIB },
  );
  const chain = figures[0]?.value ?? Number.NaN;
  const remove = ({ id }: MediaResult): Promise<unknown> => bench.operator.request('DELETE', `/media/${id}`);
  const kernels = await timed(
    5,
    async () => remove(await make(bench, { ...UBUNTU, delivery: 'direct-kernel', vendorIso })),
    1,
  );
  const out = join(bench.folder, 'out');
  const bareKernels = await timed(
    5,
    () => {
      rmSync(out, { recursive: true, force: true });
      const extract = ['vmlinuz', 'initrd'].flatMap((name) => [
        '-extract',
        `/casper/${name}`,
        join(out, name),
      ]);
      command('xorriso', ['-osirrox', 'on', '-indev', vendorIso, ...extract]);
    },
    1,
  );
  const remasters = await timed(
    3,
    async () => remove(await make(bench, { ...UBUNTU, delivery: 'remaster', vendorIso })),
    0,
  );
  const image = join(bench.folder, 'remaster.iso');
  const bareRemasters = await timed(
    3,
    () => {
      rmSync(image, { force: true });
      const map = ['-map', guest.kernel, '/cidata/kernel', '-commit'];
      command('xorriso', ['-indev', vendorIso, '-outdev', image, '-boot_image', 'any', 'replay', ...map]);
    },
    0,
  );
  rmSync(image, { force: true });
  const remaster = percentile(remasters, 0.5);
  return [
    ...figures,
    {
      what: 'kernel and initrd (85 MB) out of a 2.75 GB ISO, POST /media, p50',
      value: percentile(kernels, 0.5),
      unit: 'ms',
      against: { what: 'xorriso alone', value: percentile(bareKernels, 0.5) },
    },
    {
      what: 'remaster of a 2.75 GB ISO, POST /media, p50',
      value: remaster / 1000,
      unit: 's',
      against: { what: 'xorriso alone', value: percentile(bareRemasters, 0.5) / 1000 },
    },
    {
      what: 'chain ISOs in the time of a remaster, at least',
      value: remaster / chain,
      unit: '×',
      target: 60,
    },
  ];
}

/** Fifty clients that do not wait for each other. */
async function atOnce(bench: Bench): Promise<Figure[]> {
  const all = async (
    run: (index: number) => Promise<unknown>,
  ): Promise<{ total: number; slowest: number }> => {
    const begun = performance.now();
    const took = await Promise.all(
      Array.from({ length: AT_ONCE }, async (_, index) => {
        await run(index);
        return performance.now() - begun;
      }),
    );
    return { total: performance.now() - begun, slowest: Math.max(...took) };
  };
  const files = mkdtempSync(join(bench.folder, 'files-'));
  writeFileSync(join(files, 'user-data'), 'x'.repeat(8 * KIB));
  const run = promisify(execFile);
  const ours = await all(() => make(bench, UBUNTU));
  const bare = await all((index) => run('xorriso', [...MKISOFS, '-o', `${files}-${index}.iso`, files]));
  return [
    {
      what: `${AT_ONCE} seeds at once, all of them`,
      value: ours.total,
      unit: 'ms',
      against: { what: `${AT_ONCE} xorriso`, value: bare.total },
    },
    {
      what: `${AT_ONCE} seeds at once, the slowest`,
      value: ours.slowest,
      unit: 'ms',
      against: { what: `${AT_ONCE} xorriso`, value: bare.slowest },
    },
  ];
}

/** The list is read where it lies; the other program needs the WIM unpacked. */
async function wim({ folder }: Bench): Promise<Figure[]> {
  const iso = await windowsIso(join(folder, 'windows.iso'), { wimBytes: 1.5 * 2 ** 30 });
  const copy = join(folder, 'install.wim');
  windowsWim(copy);
  const ours = await timed(RUNS, () => identifyVendorIso(iso));
  const bare = await timed(RUNS, () => command('wimlib-imagex', ['info', copy]));
  return [
    {
      what: 'editions of a 1.5 GiB WIM inside a Windows ISO, p50',
      value: percentile(ours, 0.5),
      unit: 'ms',
      against: { what: 'wimlib-imagex info, unpacked', value: percentile(bare, 0.5) },
    },
  ];
}

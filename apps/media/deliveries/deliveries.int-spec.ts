import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { command } from '../../../test/support/processes/commands.js';
import { anaconda, standInIso, ubuntuServer } from '../../../test/support/media/vendor-isos.js';
import { FAMILIES } from '../families/family.js';
import { installerBoot } from '../families/installer.js';
import { ANACONDA } from '../families/kickstart/installer.js';
import { SUBIQUITY } from '../families/ubuntu/installer.js';
import { chainConfig } from './chain-config.js';
import { makeChainIso } from './chain-iso.js';
import { readIso } from '../vendor/iso9660.js';
import { copyKernelFiles } from './kernel-files.js';
import { remasterIso } from './remaster-iso.js';
import { writeSeedFolder } from '../image/seed-folder.js';
import { makeSeedImage } from '../image/iso.js';
import { identifyVendorIso } from '../vendor/identify.js';
import type { makePlainSeed } from './seed.js';

const folder = mkdtempSync(join(tmpdir(), 'infinibay-chain-int-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const SUPPORT = join(import.meta.dirname, '../../../test/support');
let count = 0;
const place = (): string => join(folder, String((count += 1)));

const SEED = {
  ubuntu: [
    { name: 'user-data', content: '#cloud-config\nautoinstall:\n  version: 1\n' },
    { name: 'meta-data', content: 'instance-id: "m"\n' },
    { name: 'infinibay/install.env', content: 'SECRET=1\n' },
  ],
  kickstart: [
    { name: 'ks.cfg', content: 'text\n' },
    { name: 'infinibay/install.env', content: 'SECRET=1\n' },
  ],
};
type Name = 'ubuntu' | 'fedora';
const INSTALLERS = { ubuntu: SUBIQUITY, fedora: ANACONDA };
const filesOf = (family: Name): { name: string; content: string }[] =>
  family === 'ubuntu' ? SEED.ubuntu : SEED.kickstart;

async function chain(family: Name, volumeId = 'Vendor', sourceDateEpoch = 1_700_000_000) {
  const image = `${place()}.iso`;
  const made = await makeChainIso({
    ...{ folder: place(), image, iso: { volumeId, uuid: null } },
    ...{ installer: INSTALLERS[family], label: FAMILIES[family].label },
    ...{ files: filesOf(family), sourceDateEpoch },
  });
  return { image, made };
}

describe('a chain ISO', () => {
  it.each(['ubuntu', 'fedora'] as const)(
    'for %s is its seed as well: label, names and contents, to other programs too',
    async (family) => {
      const { image, made } = await chain(family);
      const label = family === 'ubuntu' ? 'CIDATA' : 'OEMDRV';
      const names = [...filesOf(family).map(({ name }) => name), 'boot', 'boot/bios.img', 'boot/efi.img'];
      expect(await readIso(image)).toEqual({
        label,
        jolietLabel: label,
        rockRidgeNames: expect.arrayContaining(names),
        jolietNames: expect.arrayContaining(names),
        permissions: expect.any(Map),
      });
      expect(command('blkid', ['-o', 'value', '-s', 'LABEL', image]).trim()).toBe(label);
      for (const { name, content } of filesOf(family)) {
        const out = place();
        command('xorriso', ['-osirrox', 'on', '-indev', image, '-extract', `/${name}`, out]);
        expect(readFileSync(out, 'utf8')).toBe(content);
      }
      expect(made).toEqual({
        name: image.slice(image.lastIndexOf('/') + 1),
        kind: 'chain',
        size: statSync(image).size,
        sha256: createHash('sha256').update(readFileSync(image)).digest('hex'),
      });
      expect(made.size).toBeLessThan(4 * 1024 * 1024);
      expect(statSync(image).mode & 0o777).toBe(0o600);
      // Nothing else was left.
      expect(readdirSync(folder).filter((name) => name.endsWith('.grub'))).toEqual([]);
    },
  );

  it("boots for both firmwares, in xorriso's eyes as in ours", async () => {
    const { image } = await chain('ubuntu');
    const { stdout, stderr } = spawnSync('xorriso', ['-indev', image, '-report_el_torito', 'plain'], {
      encoding: 'utf8',
    });
    expect(stdout + stderr).toMatch(/El Torito boot img :\s+1\s+BIOS\s+y\s+none/);
    expect(stdout + stderr).toMatch(/El Torito boot img :\s+2\s+UEFI\s+y\s+none/);
  });

  it('is the same bytes for the same input, whenever it is made, and others for another', async () => {
    const [one, two, other, later] = [
      await chain('ubuntu'),
      await chain('ubuntu'),
      await chain('ubuntu', 'Another'),
      await chain('ubuntu', 'Vendor', 1_800_000_000),
    ];
    expect(readFileSync(two.image).equals(readFileSync(one.image))).toBe(true);
    expect(other.made.sha256).not.toBe(one.made.sha256);
    expect(later.made.sha256).not.toBe(one.made.sha256);
  });

  it('carries a configuration that GRUB itself can read, whatever the label', () => {
    const boot = installerBoot(ANACONDA, { volumeId: `a 'b' "c" $d;{e}#\\`, uuid: null });
    const path = place();
    writeFileSync(path, chainConfig(`a 'b' "c" $d;{e}#\\`, boot));
    command('grub-script-check', [path]);
    writeFileSync(path, chainConfig('a', boot).replace(/fi\n$/, ''));
    expect(spawnSync('grub-script-check', [path]).status).not.toBe(0);
  });
});

/** Mode, owner and group of everything in an image, in another program's eyes. */
function listed(image: string): Map<string, string> {
  const lines = command('xorriso', ['-indev', image, '-find', '/', '-exec', 'lsdl', '--']).split('\n');
  return new Map(
    lines.flatMap((line) => {
      const [, mode, uid, gid, path] = /^(\S{10})\S*\s+\d+\s+(\S+)\s+(\S+)\s.* '(.*)'$/.exec(line) ?? [];
      return path === undefined ? [] : [[path, `${mode} ${uid} ${gid}`] as const];
    }),
  );
}
const ROOTS_FOLDER = 'dr-x------ 0 0';
const ROOTS_FILE = '-r-------- 0 0';

/** Root reads what others cannot, from the files as an image restores them. */
function expectSecret(image: string, path: string): void {
  const out = place();
  command('xorriso', ['-osirrox', 'on', '-indev', image, '-extract', '/', out]);
  expect(command('cat', [join(out, path)])).toBe('SECRET=1\n');
  const nobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups', 'cat', join(out, path)];
  expect(spawnSync('setpriv', nobody, { encoding: 'utf8' })).toMatchObject({ stdout: '', status: 1 });
}

describe('everything in an image of ours', () => {
  it("is root's alone, whoever makes it", async () => {
    const contents = place();
    const image = `${place()}.iso`;
    const names = await writeSeedFolder(contents, SEED.ubuntu);
    command('chown', ['-R', '65534:65534', contents]);
    command('chmod', ['-R', 'a+rX', contents]);
    await makeSeedImage({ folder: contents, image, label: 'CIDATA', names, sourceDateEpoch: 0 });
    expect(Object.fromEntries(listed(image))).toEqual({
      '/': ROOTS_FOLDER,
      '/infinibay': ROOTS_FOLDER,
      '/infinibay/install.env': ROOTS_FILE,
      '/meta-data': ROOTS_FILE,
      '/user-data': ROOTS_FILE,
    });
    expectSecret(image, 'infinibay/install.env');
  });

  it('is read back below its root too', async () => {
    const contents = place();
    await writeSeedFolder(contents, SEED.ubuntu.slice(0, 2));
    const made = { folder: contents, image: `${place()}.iso`, label: 'CIDATA', sourceDateEpoch: 0 };
    const names = SEED.ubuntu.map(({ name }) => name);
    await expect(makeSeedImage({ ...made, names })).rejects.toThrow('missing infinibay/install.env');
  });

  it("is root's alone on a chain ISO", async () => {
    const { image } = await chain('ubuntu');
    for (const [path, mode] of listed(image))
      expect([path, mode]).toEqual([path, expect.stringMatching(/^(d|-|e)r-(x|-)------ 0 0$/)]);
    expectSecret(image, 'infinibay/install.env');
  });
});

describe('a plain seed where xorriso is missing', () => {
  it('is its files in a folder, each by its path, and the step that makes an image of them', () => {
    const building = place();
    const hidden = place();
    for (const path of [building, hidden]) mkdirSync(path);
    const without = [
      'mount --bind /usr/bin "$0" && mount -t tmpfs tmpfs /usr/bin',
      'case $1 in /usr/bin/*) node=$0/${1##*/} ;; *) node=$1 ;; esac',
      'shift && exec "$node" "$@"',
    ].join('\n');
    const { stdout, stderr, signal } = spawnSync(
      'unshare',
      [
        ...['--mount', '--propagation', 'private', 'sh', '-c', without, hidden, process.execPath],
        ...['--no-warnings', '--experimental-transform-types', '--import'],
        ...['typescript.mjs', 'media/plain-seed.ts'].map((name) => join(SUPPORT, name)),
      ],
      {
        input: JSON.stringify({
          files: SEED.ubuntu,
          drivers: null,
          folder: building,
          label: 'CIDATA',
          sourceDateEpoch: 0,
        }),
        encoding: 'utf8',
        // A program that is not there leaves no timer behind: the process ends with its work.
        timeout: 60_000,
      },
    );
    expect(stderr).toBe('');
    expect(signal).toBeNull();
    const made = JSON.parse(stdout) as Awaited<ReturnType<typeof makePlainSeed>>;
    expect(made.files.map(({ name, kind }) => `${kind}: ${name}`)).toEqual(
      SEED.ubuntu.map(({ name }) => `cidata: ${name}`),
    );
    expect(made.step?.do).toMatch(/xorriso is missing.*apt-get install xorriso.*a folder of files/);
    for (const { name, content } of SEED.ubuntu) {
      const path = join(building, 'cidata', name);
      expect(readFileSync(path, 'utf8')).toBe(content);
      expect(statSync(path).mode & 0o777).toBe(0o600);
    }
  });
});

/** cloud-init's own search for a seed, on a machine that has that image and nothing else. */
describe("cloud-init's ds-identify", () => {
  function identify(image: string, cmdline: string): string {
    const root = place();
    for (const path of ['proc/1', 'run/cloud-init', 'etc/cloud', 'sys/class/dmi/id', 'var/lib/cloud', 'bin'])
      mkdirSync(join(root, path), { recursive: true });
    writeFileSync(join(root, 'proc/cmdline'), `${cmdline}\n`);
    writeFileSync(join(root, 'proc/1/cmdline'), 'init\0');
    writeFileSync(join(root, 'proc/1/environ'), '');
    writeFileSync(join(root, 'proc/uptime'), '1.00 1.00\n');
    writeFileSync(
      join(root, 'etc/cloud/ds-identify.cfg'),
      'policy: search,found=all,maybe=none,notfound=disabled\n',
    );
    writeFileSync(
      join(root, 'etc/cloud/cloud.cfg'),
      'datasource_list: [ ConfigDrive, NoCloud, OpenStack, None ]\n',
    );
    // The machine's block devices are the image: the real blkid reads it.
    writeFileSync(
      join(root, 'bin/blkid'),
      `#!/bin/sh\necho "DEVNAME=/dev/sr0"\n/usr/sbin/blkid -p -o export '${image}' | grep -v ^DEVNAME\n`,
      { mode: 0o755 },
    );
    // The guest is a machine, wherever this test runs: in a container ds-identify does not look at devices.
    writeFileSync(join(root, 'bin/systemd-detect-virt'), '#!/bin/sh\necho kvm\n', { mode: 0o755 });
    spawnSync('/usr/lib/cloud-init/ds-identify', ['--force'], {
      env: { PATH_ROOT: root, PATH: `${join(root, 'bin')}:/usr/sbin:/usr/bin:/sbin:/bin`, DEBUG_LEVEL: '2' },
    });
    return readFileSync(join(root, 'run/cloud-init/cloud.cfg'), 'utf8');
  }

  it('finds a seed and a chain ISO by their label alone, and with the arguments of the plan', async () => {
    const contents = place();
    await writeSeedFolder(contents, SEED.ubuntu);
    const seed = `${place()}.iso`;
    await makeSeedImage({
      ...{ folder: contents, image: seed, label: 'CIDATA', sourceDateEpoch: 0 },
      names: SEED.ubuntu.map(({ name }) => name),
    });
    for (const image of [seed, (await chain('ubuntu')).image])
      for (const cmdline of ['quiet', installerBoot(SUBIQUITY, null).arguments])
        expect(identify(image, cmdline)).toMatch(/datasource_list: \[ NoCloud, None \]/);
    // It can say no.
    expect(identify((await chain('fedora')).image, 'quiet')).not.toMatch(/NoCloud/);
  });

  it('would let cloud-init look for a path of the installer that no CD is mounted at, which is why there is none', async () => {
    const read = (path: string): number | null =>
      spawnSync('/usr/bin/python3', [
        '-c',
        `from cloudinit.util import read_seeded; read_seeded(${JSON.stringify(path)})`,
      ]).status;
    expect(read(`${folder}/cidata/`)).not.toBe(0);
    await writeSeedFolder(join(folder, 'cidata'), SEED.ubuntu);
    expect(read(`${folder}/cidata/`)).toBe(0);
  });
});

describe("the installer's kernel and initrd", () => {
  it.each([
    ['ubuntu', SUBIQUITY, { ...ubuntuServer(), boots: [] }],
    ['rhel', ANACONDA, { ...anaconda('dvd', { label: 'RHEL-9-4-0-BaseOS-x86_64' }), boots: [] }],
  ] as const)('are copied out of the ISO of %s as they are', async (_family, installer, standIn) => {
    const path = await standInIso(`${place()}.iso`, { ...standIn, boots: [] });
    const to = place();
    mkdirSync(to);
    const { kernel, initrd } = await copyKernelFiles(path, installer, to);
    expect(readFileSync(kernel, 'utf8')).toBe('a kernel');
    expect(readFileSync(initrd, 'utf8')).toBe('an initrd');
    expect(readdirSync(to).sort()).toEqual(['initrd', 'kernel']);
  });

  it('are named when they are missing', async () => {
    const path = await standInIso(`${place()}.iso`, { ...anaconda('dvd'), boots: [] });
    const to = place();
    mkdirSync(to);
    await expect(copyKernelFiles(path, SUBIQUITY, to)).rejects.toThrow(
      `${path} has no /casper/vmlinuz and no /casper/initrd`,
    );
    expect(readdirSync(to)).toEqual([]);
  });
});

describe('a remastered ISO', () => {
  let vendor: string;
  beforeAll(async () => {
    vendor = await standInIso(`${place()}.iso`, ubuntuServer());
  });
  const hash = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
  const remaster = async (path: string, family: Name): Promise<string> => {
    const image = `${place()}.iso`;
    const iso = await identifyVendorIso(path);
    await remasterIso({
      ...{ iso, installer: INSTALLERS[family], folder: place(), image },
      ...{ files: filesOf(family), sourceDateEpoch: 0 },
    });
    return image;
  };

  it('has the seed and the menu inside, everything else as before, and leaves the input alone', async () => {
    const before = hash(vendor);
    const image = await remaster(vendor, 'ubuntu');
    expect(hash(vendor)).toBe(before);
    const modes = listed(image);
    for (const name of ['', '/infinibay']) expect(modes.get(`/cidata${name}`)).toBe(ROOTS_FOLDER);
    for (const { name } of SEED.ubuntu) expect(modes.get(`/cidata/${name}`)).toBe(ROOTS_FILE);
    const others = new Map(listed(vendor));
    others.delete('/boot/grub/grub.cfg');
    expect(Object.fromEntries(modes)).toMatchObject(Object.fromEntries(others));
    expect(modes.get('/boot/grub/grub.cfg')).toBe('-r--r--r-- 0 0');
    expectSecret(image, 'cidata/infinibay/install.env');
    const out = place();
    command('xorriso', ['-osirrox', 'on', '-indev', image, '-extract', '/', out]);
    expect(readFileSync(join(out, 'cidata/user-data'), 'utf8')).toBe(SEED.ubuntu[0]?.content);
    expect(readFileSync(join(out, 'casper/vmlinuz'), 'utf8')).toBe('a kernel');
    const menu = readFileSync(join(out, 'boot/grub/grub.cfg'), 'utf8');
    expect(menu).toMatch(/^set default=0\nset timeout=0\nmenuentry 'Install without questions'/);
    expect(menu).toContain(`'autoinstall' 'noprompt' 'ds=nocloud;s=/cdrom/cidata/' '---'`);
    expect(menu).toContain('menuentry "Try or Install Ubuntu Server"');
    expect(menu).not.toContain('set timeout=30');
    command(
      'grub-script-check',
      [join(folder, 'menu')].map((path) => (writeFileSync(path, menu), path)),
    );
    await expect(identifyVendorIso(image)).resolves.toMatchObject({ bios: true, uefi: true });
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  }, 60_000);

  it("changes the menu inside UEFI's FAT image too, where the vendor has one there", async () => {
    const fedora = await standInIso(`${place()}.iso`, { ...anaconda('dvd'), fatMenu: true });
    const image = await remaster(fedora, 'fedora');
    expect(listed(image).get('/ks.cfg')).toBe(ROOTS_FILE);
    expectSecret(image, 'infinibay/install.env');
    const out = place();
    command('xorriso', ['-osirrox', 'on', '-indev', image, '-extract', '/', out]);
    const inFat = command('mtype', ['-i', join(out, 'boot/efi.img'), '::/EFI/BOOT/grub.cfg']);
    for (const menu of [inFat, readFileSync(join(out, 'EFI/BOOT/grub.cfg'), 'utf8')])
      expect(menu).toContain(`'inst.ks=hd:LABEL=Fedora-S-dvd-x86_64-43:/ks.cfg'`);
    expect(readFileSync(join(out, 'ks.cfg'), 'utf8')).toBe('text\n');
  }, 60_000);

  it('is refused for a medium without a menu', async () => {
    const { ['boot/grub/grub.cfg']: _menu, ...files } = ubuntuServer().files;
    const bare = await standInIso(`${place()}.iso`, { ...ubuntuServer(), files, boots: [] });
    await expect(remaster(bare, 'ubuntu')).rejects.toMatchObject({ code: 'media.remaster_no_menu' });
  });
});

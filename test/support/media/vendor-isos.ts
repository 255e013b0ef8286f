import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { grubImages } from '../../../apps/media/image/grub/grub-images.js';
import { command } from '../processes/commands.js';

/** A medium that boots itself needs the firmware's own driver only. */
const BOOTS_ITSELF = { bios: ['biosdisk'], uefi: ['efi_gop'] };
const SECTOR = 2048;

export interface StandIn {
  /** Volume id. */
  label: string;
  /** Contents by path; `{ from }` copies a file. */
  files: Record<string, string | Buffer | { from: string }>;
  /** For which firmwares it boots: GRUB, which then reads /boot/grub/grub.cfg of the medium. */
  boots?: ('bios' | 'uefi')[];
  /** Puts the medium's EFI/BOOT/grub.cfg into the FAT image as well, as Anaconda's media have it. */
  fatMenu?: boolean;
  /**
   * Bytes that the image shall have: a file `filler` of zeros is added, which takes no room on this machine's
   * disk. Less than 4 GiB.
   */
  bytes?: number;
}

/** Writes an ISO with the paths and the label that a vendor's has. About 0.3 s, of any size. */
export async function standInIso(image: string, options: StandIn): Promise<string> {
  const { label, files, boots = ['bios', 'uefi'], bytes, fatMenu } = options;
  const folder = mkdtempSync(join(tmpdir(), 'infinibay-vendor-'));
  try {
    const root = join(folder, 'root');
    put(root, files);
    const args: string[] = [];
    if (boots.length > 0) {
      const config =
        'search --no-floppy --set=root --file /stand-in\nconfigfile ($root)/boot/grub/grub.cfg\n';
      put(root, { 'stand-in': label });
      const { bios, efi } = await grubImages(folder, config, BOOTS_ITSELF);
      put(root, { 'boot/bios.img': bios, 'boot/efi.img': efi });
      const menu = 'EFI/BOOT/grub.cfg';
      if (fatMenu) command('mcopy', ['-i', join(root, 'boot/efi.img'), join(root, menu), `::/${menu}`]);
    }
    if (boots.includes('bios'))
      args.push('-b', 'boot/bios.img', '-no-emul-boot', '-boot-load-size', '4', '-boot-info-table');
    if (boots.includes('bios')) args.push('--grub2-boot-info');
    if (boots.includes('uefi'))
      args.push(
        ...(boots.includes('bios') ? ['-eltorito-alt-boot'] : []),
        '-e',
        'boot/efi.img',
        '-no-emul-boot',
      );
    // The filler is one sector at the image's end, until it grows.
    if (bytes) put(root, { filler: Buffer.alloc(SECTOR, FILLER_MARK) });
    if (bytes) args.push('-no-pad', '--sort-weight', '-100', '/filler');
    command('xorriso', ['-as', 'mkisofs', '-quiet', '-J', '-r', '-V', label, ...args, '-o', image, root]);
    if (bytes) await grow(image, bytes);
    return image;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface GuestKernel {
  kernel: string;
  initrd: string;
}

const NO_KERNEL = { vmlinuz: 'a kernel', initrd: 'an initrd' };

function kernelFiles(guest: GuestKernel | undefined, kernel: string, initrd: string): StandIn['files'] {
  return guest
    ? { [kernel]: { from: guest.kernel }, [initrd]: { from: guest.initrd } }
    : { [kernel]: NO_KERNEL.vmlinuz, [initrd]: NO_KERNEL.initrd };
}

/** Ubuntu's live server, with Subiquity. */
export function ubuntuServer(
  version = '24.04.1',
  { guest, label = `Ubuntu-Server ${version} LTS amd64` }: { guest?: GuestKernel; label?: string } = {},
): StandIn {
  return {
    label,
    files: {
      '.disk/info': `Ubuntu-Server ${version} LTS "Noble Numbat" - Release amd64 (20240827)`,
      'casper/install-sources.yaml': '- id: ubuntu-server\n',
      ...kernelFiles(guest, 'casper/vmlinuz', 'casper/initrd'),
      'boot/grub/grub.cfg': `set timeout=30

menuentry "Try or Install Ubuntu Server" {
	set gfxpayload=keep
	linux	/casper/vmlinuz  ---
	initrd	/casper/initrd
}
menuentry "Test memory" {
	linux16	/boot/memtest86+x64.bin
}
`,
    },
  };
}

/** Ubuntu's desktop: the releases before 23.04 have no Subiquity. */
export function ubuntuDesktop(version: string): StandIn {
  const server = ubuntuServer(version);
  const { ['casper/install-sources.yaml']: sources = '', ...files } = server.files;
  return {
    label: `Ubuntu ${version} LTS amd64`,
    files: {
      ...files,
      '.disk/info': `Ubuntu ${version} LTS "Noble Numbat" - Release amd64 (20240424)`,
      ...(Number.parseFloat(version) >= 23.04 ? { 'casper/install-sources.yaml': sources } : {}),
    },
  };
}

/** Anaconda's media: the DVD with packages, the network one without, and the Live one. */
export function anaconda(
  kind: 'dvd' | 'netinst' | 'live',
  {
    product = 'Fedora',
    version = '43',
    label = kind === 'live' ? `Fedora-WS-Live-${version}` : `Fedora-S-dvd-x86_64-${version}`,
    guest,
  }: { product?: string; version?: string; label?: string; guest?: GuestKernel } = {},
): StandIn {
  if (kind === 'live')
    return { label, files: { 'LiveOS/squashfs.img': 'a file system', 'EFI/BOOT/BOOTX64.EFI': 'a program' } };
  const treeinfo = `[checksums]
images/pxeboot/vmlinuz = sha256:00

[general]
; WARNING.0 = This section provides compatibility
arch = x86_64
family = ${product}
name = ${product} ${version}
version = ${version}

[stage2]
mainimage = images/install.img
`;
  return {
    label,
    files: {
      '.discinfo': `1700000000.000000\n${version}\nx86_64\n`,
      'images/install.img': 'a file system',
      'EFI/BOOT/BOOTX64.EFI': 'a program',
      ...kernelFiles(guest, 'images/pxeboot/vmlinuz', 'images/pxeboot/initrd.img'),
      ...(kind === 'dvd'
        ? { '.treeinfo': treeinfo, 'media.repo': '[InstallMedia]\n', 'Packages/a.rpm': '' }
        : {}),
      'boot/grub/grub.cfg': anacondaMenu(label),
      'EFI/BOOT/grub.cfg': anacondaMenu(label),
    },
  };
}

const anacondaMenu = (label: string): string => {
  const stage2 = `inst.stage2=hd:LABEL=${label.replaceAll(' ', '\\x20')}`;
  return `set default="1"
set timeout=60
menuentry 'Install' --class fedora {
	linux /images/pxeboot/vmlinuz ${stage2} quiet
	initrd /images/pxeboot/initrd.img
}
menuentry 'Test this media & install' --class fedora {
	linux /images/pxeboot/vmlinuz ${stage2} rd.live.check quiet
	initrd /images/pxeboot/initrd.img
}
`;
};

export interface StandInEdition {
  name: string;
  editionId: string;
  build?: number;
  type?: 'Client' | 'Server' | 'Server Core';
}

const WINDOWS_11: StandInEdition[] = [
  { name: 'Windows 11 Home', editionId: 'Core' },
  { name: 'Windows 11 Pro', editionId: 'Professional' },
];

/** What wimlib captures under those names, with the description that Microsoft's tools write. */
export function windowsWim(wim: string, editions: StandInEdition[] = WINDOWS_11): void {
  const tree = mkdtempSync(join(tmpdir(), 'infinibay-wim-'));
  put(tree, { 'Windows/System32/ntdll.dll': 'a library' });
  editions.forEach(({ name, editionId, build = 26100, type = 'Client' }, index) => {
    command('wimlib-imagex', [
      ...(index === 0 ? ['capture'] : ['append']),
      ...[tree, wim, name, '--compress=none', '--no-acls'],
    ]);
    const properties = {
      'WINDOWS/ARCH': '9',
      'WINDOWS/EDITIONID': editionId,
      'WINDOWS/INSTALLATIONTYPE': type,
      'WINDOWS/LANGUAGES/LANGUAGE': 'en-US',
      'WINDOWS/LANGUAGES/DEFAULT': 'en-US',
      'WINDOWS/VERSION/MAJOR': '10',
      'WINDOWS/VERSION/MINOR': '0',
      'WINDOWS/VERSION/BUILD': String(build),
    };
    command('wimlib-imagex', [
      ...['info', wim, String(index + 1)],
      ...Object.entries(properties).flatMap(([key, value]) => ['--image-property', `${key}=${value}`]),
    ]);
  });
  rmSync(tree, { recursive: true });
}

/**
 * A Windows medium: UDF with sources/install.wim, which wimlib makes, and an ISO 9660 tree with nothing but a
 * readme.
 * @param wimBytes that its WIM shall have: from 1 GiB on UDF keeps it in pieces
 */
export async function windowsIso(
  image: string,
  { editions = WINDOWS_11, wimBytes }: { editions?: StandInEdition[]; wimBytes?: number } = {},
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'infinibay-windows-'));
  try {
    const root = join(folder, 'root');
    put(root, { 'sources/boot.wim': 'WinPE', bootmgr: 'a loader', 'boot/etfsboot.com': Buffer.alloc(4096) });
    put(root, { 'efi/microsoft/boot/efisys.bin': Buffer.alloc(8192) });
    const wim = join(root, 'sources/install.wim');
    windowsWim(wim, editions);
    if (wimBytes) await moveDescription(wim, wimBytes);
    command('genisoimage', [
      ...['-quiet', '-udf', '-allow-limited-size', '-V', 'CPBA_X64FRE_EN-US_DV5', '-hide', '*', '-o', image],
      ...['-b', 'boot/etfsboot.com', '-no-emul-boot', '-boot-load-size', '8'],
      ...['-eltorito-alt-boot', '-e', 'efi/microsoft/boot/efisys.bin', '-no-emul-boot', root],
    ]);
    return image;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function put(root: string, files: StandIn['files']): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if (typeof content === 'object' && 'from' in content && !Buffer.isBuffer(content))
      copyFileSync(content.from, join(root, path));
    else writeFileSync(join(root, path), content);
  }
}

/** Puts the XML of a WIM at its new end, and says so in its header; the room between is a hole. */
async function moveDescription(wim: string, bytes: number): Promise<void> {
  const file = await open(wim, 'r+');
  try {
    const { buffer: header } = await file.read(Buffer.alloc(208), 0, 208, 0);
    const size = Number(header.readBigUInt64LE(72) & 0xff_ffff_ffff_ffffn);
    const { buffer: xml } = await file.read(Buffer.alloc(size), 0, size, Number(header.readBigUInt64LE(80)));
    await file.write(xml, 0, size, bytes - size);
    header.writeBigUInt64LE(BigInt(bytes - size), 80);
    await file.write(header, 0, 208, 0);
  } finally {
    await file.close();
  }
}

const FILLER_MARK = 0xa5;

/**
 * Lets the filler, which is the last file, reach to the new end: in its directory records and in what the
 * volume says of its size.
 */
async function grow(image: string, bytes: number): Promise<void> {
  const before = (await stat(image)).size;
  const file = await open(image, 'r+');
  try {
    const { buffer } = await file.read(Buffer.alloc(before), 0, before, 0);
    const sector = buffer.lastIndexOf(Buffer.alloc(SECTOR, FILLER_MARK)) / SECTOR;
    const record = (size: number): Buffer => Buffer.concat([bothEndian(sector), bothEndian(size)]);
    const old = record(SECTOR);
    for (let at = buffer.indexOf(old); at >= 0; at = buffer.indexOf(old, at + 1))
      record(bytes - sector * SECTOR).copy(buffer, at);
    for (let at = 16 * SECTOR; buffer[at] !== 255; at += SECTOR)
      if (buffer[at] === 1 || buffer[at] === 2) bothEndian(Math.floor(bytes / SECTOR)).copy(buffer, at + 80);
    buffer.fill(0, sector * SECTOR, (sector + 1) * SECTOR);
    await file.write(buffer, 0, before, 0);
  } finally {
    await file.close();
  }
  await truncate(image, bytes);
}

function bothEndian(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(value, 0);
  bytes.writeUInt32BE(value, 4);
  return bytes;
}

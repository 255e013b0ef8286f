import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { grubImages } from '../../../apps/media/image/grub/grub-images.js';
import { command } from '../processes/commands.js';
import type { GuestKernel } from '../media/vendor-isos.js';
import { cached } from './cache.js';
import { cloudKernel } from './kernel.js';

const INIT = `#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t proc proc /proc
echo "the installer runs with: $(/bin/busybox cat /proc/cmdline)." >/dev/ttyS0
/bin/busybox poweroff -f
`;

/**
 * Debian's kernel, and an initrd that prints what it was started with on the serial line and switches the
 * machine off.
 */
export async function installerStandIn(): Promise<GuestKernel> {
  const { image, version } = await cloudKernel();
  const folder = await cached('installer', [version, INIT], (target) => {
    const root = join(target, 'root');
    for (const path of ['bin', 'dev', 'proc']) mkdirSync(join(root, path), { recursive: true });
    copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
    writeFileSync(join(root, 'init'), INIT);
    chmodSync(join(root, 'init'), 0o755);
    const script = `find . | cpio --quiet -o -H newc | gzip -1 >"$1"`;
    command('sh', ['-c', script, 'sh', join(target, 'initrd')], { cwd: root });
    rmSync(root, { recursive: true });
  });
  return { kernel: image, initrd: join(folder, 'initrd') };
}

export const INSTALLED = 'the installed system runs';

/**
 * A disk with a system on it, for both firmwares: a FAT file system without partitions whose boot sector and
 * whose EFI/BOOT/BOOTX64.EFI say so on the serial line.
 */
export async function installedDisk(path: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'infinibay-installed-'));
  try {
    const { efi } = await grubImages(folder, `echo '${INSTALLED}'\nhalt\n`);
    const image = Buffer.from(efi);
    bootSector(`${INSTALLED}\r\n`).copy(image, BOOT_CODE);
    writeFileSync(path, image);
    return path;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where a FAT12 boot sector's code is; it ends before the signature. */
const BOOT_CODE = 62;

/** Writes a text to the first serial line, byte by byte, and stops. */
function bootSector(text: string): Buffer {
  const code = Buffer.from([
    ...[0xfa, 0xfc], // cli; cld
    ...[0x31, 0xc0, 0x8e, 0xd8], // xor ax, ax; mov ds, ax
    ...[0xbe, 0x00, 0x00], // mov si, text
    ...[0xba, 0xf8, 0x03], // mov dx, 0x3f8
    ...[0xac], // next: lodsb
    ...[0x84, 0xc0], // test al, al
    ...[0x74, 0x03], // jz stop
    ...[0xee], // out dx, al
    ...[0xeb, 0xf8], // jmp next
    ...[0xf4, 0xeb, 0xfd], // stop: hlt; jmp stop
  ]);
  code.writeUInt16LE(0x7c00 + BOOT_CODE + code.length, 7);
  return Buffer.concat([code, Buffer.from(`${text}\0`)]);
}

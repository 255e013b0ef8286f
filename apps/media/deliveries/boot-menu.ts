import type { InstallerBoot } from '../families/installer.js';
import { grubWord } from '../escape.js';

/** Configurations of boot loaders on vendors' media that a remaster changes, with the language of each. */
export const BOOT_MENUS: { path: string; language: 'grub' | 'isolinux' }[] = [
  { path: 'boot/grub/grub.cfg', language: 'grub' },
  { path: 'boot/grub/loopback.cfg', language: 'grub' },
  { path: 'boot/grub2/grub.cfg', language: 'grub' },
  { path: 'EFI/BOOT/grub.cfg', language: 'grub' },
  { path: 'isolinux/txt.cfg', language: 'isolinux' },
  { path: 'isolinux/isolinux.cfg', language: 'isolinux' },
];

/** Inside the FAT image that UEFI boots, where Anaconda's media keep another copy. */
export const FAT_BOOT_MENU = 'EFI/BOOT/grub.cfg';

/**
 * A GRUB menu that installs without a question: an entry of ours stands before the vendor's, is the default and starts at once. The
 * vendor's entries stay, for whoever wants to test the medium.
 */
export function automaticGrubMenu(menu: string, boot: InstallerBoot): string {
  // A boot image may have another root than the medium's file system.
  const root = /^\s*(search\s.*--set[ =]root.*)$/m.exec(menu)?.[1];
  const words = boot.arguments.split(' ').map(grubWord).join(' ');
  const rest = menu
    .split('\n')
    .filter((line) => !/^\s*set\s+(default|timeout|timeout_style)=/.test(line))
    .join('\n');
  return `set default=0
set timeout=0
${root ? `${root}\n` : ''}menuentry 'Install without questions' {
	linux ${grubWord(boot.kernel)} ${words}
	initrd ${grubWord(boot.initrd)}
}
${rest}`;
}

/**
 * The same for ISOLINUX, of Ubuntu 20.04 and RHEL 8 and 9 under BIOS.
 * @throws Error for a quote or line break in the arguments, which no ISOLINUX line can carry
 */
export function automaticIsolinuxMenu(menu: string, boot: InstallerBoot): string {
  if (/[\p{Cc}"]/u.test(boot.arguments))
    throw new Error('an ISOLINUX line cannot carry quotes or line breaks');
  const rest = menu
    .split('\n')
    .filter((line) => !/^\s*(ui|default|timeout|prompt|ontimeout|menu default)\b/i.test(line))
    .join('\n');
  return `default automatic
timeout 1
prompt 0
label automatic
  kernel ${boot.kernel}
  append initrd=${boot.initrd} ${boot.arguments}
${rest}`;
}

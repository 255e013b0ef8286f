import { readScript, renderScript } from '#script-files';
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

const AUTOMATIC_MENU = readScript(import.meta.dirname, 'scripts/automatic-menu.cfg');

/**
 * A GRUB menu that installs without a question. The vendor's entries stay behind ours, for whoever wants to
 * test the medium.
 */
export function automaticGrubMenu(menu: string, boot: InstallerBoot): string {
  const root = /^\s*(search\s.*--set[ =]root.*)$/m.exec(menu)?.[1];
  const rest = menu
    .split('\n')
    .filter((line) => !/^\s*set\s+(default|timeout|timeout_style)=/.test(line))
    .join('\n');
  const automatic = renderScript(AUTOMATIC_MENU, {
    ARGUMENTS: boot.arguments.split(' ').map(grubWord).join(' '),
    INITRD: grubWord(boot.initrd),
    KERNEL: grubWord(boot.kernel),
    ROOT: root ?? null,
  });
  return automatic + rest;
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

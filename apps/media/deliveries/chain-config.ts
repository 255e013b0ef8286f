import { readScript, renderScript } from '#script-files';
import { grubWord } from '../escape.js';
import type { InstallerBoot } from '../families/installer.js';

/** Path on the chain ISO. No vendor's medium has it, so that GRUB knows the chain ISO by it. */
export const CHAIN_CONFIG = 'boot/infinibay-chain.cfg';

const read = (file: string): string => readScript(import.meta.dirname, `scripts/${file}`);

const GIVE_UP = read('give-up.cfg');
const CHAIN = read('chain.cfg');

/** GRUB's configuration inside the boot images of every chain ISO, see `scripts/chain-start.cfg`. */
export const CHAIN_START = renderScript(read('chain-start.cfg'), { CHAIN_CONFIG, GIVE_UP });

/**
 * GRUB's configuration on a chain ISO, see `scripts/chain.cfg`.
 * @param label volume id of the vendor's ISO
 */
export function chainConfig(label: string, boot: InstallerBoot): string {
  const { kernel, initrd } = boot;
  return renderScript(CHAIN, {
    ARGUMENTS: boot.arguments.split(' ').map(grubWord).join(' '),
    GIVE_UP,
    INITRD: grubWord(initrd),
    KERNEL: grubWord(kernel),
    LABEL: grubWord(label),
    MISSING: grubWord(`The install medium with the volume label ${label} is missing.`),
    NOT_STARTED: grubWord(
      `The install medium ${label} is attached, but ${kernel} and ${initrd} on it could not be started.`,
    ),
  });
}

import type { InstallerBoot } from '../families/installer.js';
import { grubWord } from '../escape.js';

/** Seconds for which the message stands before the machine is switched off. */
export const MESSAGE_SECONDS = 10;

/** Path on the chain ISO. No vendor's medium has it, so that GRUB knows the chain ISO by it. */
export const CHAIN_CONFIG = 'boot/infinibay-chain.cfg';

/** Says why nothing was started, and ends: a fleet sees a machine that is off, not one that hangs. */
const giveUp = `echo ${grubWord(`The machine is switched off in ${MESSAGE_SECONDS} seconds; Escape starts the next boot device.`)}
if sleep --interruptible ${MESSAGE_SECONDS}; then halt; else exit; fi
`;

/** GRUB's configuration inside the boot images of every chain ISO: the same for all, so that the images are made once. */
export const CHAIN_START = `# The serial line as well, for machines without a screen; UEFI's console has it already.
if [ "$grub_platform" = pc ]; then
  if serial --unit=0 --speed=115200; then terminal_output --append serial; fi
fi
if search --no-floppy --set=root --file /${CHAIN_CONFIG}; then
  source /${CHAIN_CONFIG}
fi
echo ${grubWord('The chain ISO cannot be read where it is attached: attach it on the SATA or IDE bus, and start the machine again.')}
${giveUp}`;

/**
 * GRUB's configuration on a chain ISO: the kernel of the vendor's medium, found by its volume label, or a message that says what is
 * missing.
 * @param label volume id of the vendor's ISO
 */
export function chainConfig(label: string, boot: InstallerBoot): string {
  const words = boot.arguments.split(' ').map(grubWord).join(' ');
  const say = (text: string): string => `  echo ${grubWord(text)}`;
  return `if search --no-floppy --set=root --label ${grubWord(label)}; then
  if linux ${grubWord(boot.kernel)} ${words}; then
    if initrd ${grubWord(boot.initrd)}; then boot; fi
  fi
${say(`The install medium ${label} is attached, but ${boot.kernel} and ${boot.initrd} on it could not be started.`)}
else
${say(`The install medium with the volume label ${label} is missing.`)}
${say('Attach the ISO on the SATA bus (for UEFI with a bootindex), and start the machine again.')}
fi
${giveUp}`;
}

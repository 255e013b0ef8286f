import type { MediaRequest } from '#protocol';
import type { BootLoader } from '../seed-file.js';
import { checkMediumId } from './setup-scripts.js';

/**
 * GRUB's modules for the seed's boot loader, in the order in which they are loaded: a file system loaded later is asked first, and a Windows medium is both
 * ISO 9660, with nothing but a readme, and UDF.
 */
const BOOT_MODULES =
  'normal boot part_gpt part_msdos fat ntfs iso9660 udf chain test regexp echo sleep halt'.split(' ');

/**
 * grub.cfg of a bootable Windows seed: starts what this medium has installed, or Windows setup without its "Press any key". What was on the disk before
 * is not started: winpe.cmd leaves the medium's id on the EFI partition that it makes.
 * `root` must be the device of the program: Windows' boot manager looks for its store where the firmware says that it was loaded from, and GRUB tells it
 * the device of `root`, not that of the path.
 */
export const bootScript = (mediumId: string): string => `for disk in (hd*,*); do
  if [ -f "$disk/EFI/Microsoft/Boot/bootmgfw.efi" -a -d "$disk/infinibay/${checkMediumId(mediumId)}" ]; then
    regexp --set=1:root '^\\((.*)\\)$' "$disk"
    echo "Infinibay: starting the installed Windows on $disk"
    chainloader /EFI/Microsoft/Boot/bootmgfw.efi
    boot
  fi
done
for disk in (cd*) (hd*) (hd*,*); do
  if [ -f "$disk/efi/microsoft/boot/cdboot_noprompt.efi" ]; then
    regexp --set=1:root '^\\((.*)\\)$' "$disk"
    echo "Infinibay: starting Windows setup from $disk"
    chainloader /efi/microsoft/boot/cdboot_noprompt.efi
    boot
  fi
done
echo "Infinibay: no Windows setup is attached, and no Windows is here that this"
echo "medium has installed. Attach the vendor's ISO as a CD with a bootindex, and"
echo "start the machine again."
sleep 120
halt
`;

/** For x86_64 machines under UEFI without Secure Boot, which starts no loader that is not signed; others get a plain seed. */
export const seedLoader = ({ firmware, os }: MediaRequest, mediumId: string): BootLoader | null =>
  firmware === 'uefi' && os.architecture === 'x86_64'
    ? { config: bootScript(mediumId), modules: BOOT_MODULES }
    : null;

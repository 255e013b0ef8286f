import type { MediaRequest } from '#protocol';
import { readScript, renderScript } from '#script-files';
import type { BootLoader } from '../seed-file.js';
import { checkMediumId } from './setup-scripts.js';

/**
 * GRUB's modules for the seed's boot loader, in the order in which they are loaded: a file system loaded
 * later is asked first, and a Windows medium is both ISO 9660, with nothing but a readme, and UDF.
 */
const BOOT_MODULES =
  'normal boot part_gpt part_msdos fat ntfs iso9660 udf chain test regexp echo sleep halt'.split(' ');

const BOOT = readScript(import.meta.dirname, 'scripts/boot.cfg');

/** grub.cfg of a bootable Windows seed, see `scripts/boot.cfg`. */
const bootScript = (mediumId: string): string => renderScript(BOOT, { MEDIUM_ID: checkMediumId(mediumId) });

/**
 * For x86_64 machines under UEFI without Secure Boot, which starts no loader that is not signed; others get a
 * plain seed.
 */
export const seedLoader = ({ firmware, os }: MediaRequest, mediumId: string): BootLoader | null =>
  firmware === 'uefi' && os.architecture === 'x86_64'
    ? { config: bootScript(mediumId), modules: BOOT_MODULES }
    : null;

import { readScript, renderScript } from '#script-files';
import { checkMediumId } from './setup-scripts.js';

/**
 * GRUB's modules for the seed's boot loader, in the order in which they are loaded: a file system loaded later is asked first, and a Windows medium is both
 * ISO 9660, with nothing but a readme, and UDF.
 */
export const BOOT_MODULES =
  'normal boot part_gpt part_msdos fat ntfs iso9660 udf chain test regexp echo sleep halt'.split(' ');

const BOOT = readScript(import.meta.dirname, 'scripts/boot.cfg');

/** grub.cfg of a bootable Windows seed, see `scripts/boot.cfg`. */
export const bootScript = (mediumId: string): string =>
  renderScript(BOOT, { MEDIUM_ID: checkMediumId(mediumId) });

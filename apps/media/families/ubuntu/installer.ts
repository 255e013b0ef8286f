import type { Installer } from '../installer.js';

/** The live system mounts its ISO at /cdrom. */
const REMASTERED = '/cidata';

/**
 * Subiquity. Without the word `autoinstall` it asks before it wipes a disk. `ds=nocloud` alone: cloud-init
 * then finds the seed by its label. A path (`s=/cidata/`) would be one of the installer's own file system,
 * where a seed on another CD never is, and cloud-init gives up when it is absent.
 */
export const SUBIQUITY: Installer = {
  kernel: '/casper/vmlinuz',
  initrd: '/casper/initrd',
  arguments: (_volume, seedAt) =>
    `autoinstall ds=nocloud${seedAt === 'label' ? '' : `;s=/cdrom${REMASTERED}/`} ---`,
  remasteredSeed: REMASTERED,
};

import type { Installer } from '../installer.js';

const REMASTERED = '/cidata';
/** Where the live system sees the seed of a remaster: it mounts its ISO at /cdrom. */
export const REMASTERED_MEDIUM = `/cdrom${REMASTERED}`;

/**
 * Subiquity. Without the word `autoinstall` it asks before it wipes a disk; without `noprompt` the live
 * system asks for its medium to be taken out before it restarts or powers off (casper's casper-stop looks for
 * the word anywhere in /proc/cmdline). What stands after `---` would go to the installed system as well.
 * `ds=nocloud` alone: cloud-init then finds the seed by its label. A path (`s=/cidata/`) would be one of the
 * installer's own file system, where a seed on another CD never is, and cloud-init gives up when it is
 * absent.
 */
export const SUBIQUITY: Installer = {
  kernel: '/casper/vmlinuz',
  initrd: '/casper/initrd',
  arguments: (_volume, seedAt) =>
    `autoinstall noprompt ds=nocloud${seedAt === 'label' ? '' : `;s=${REMASTERED_MEDIUM}/`} ---`,
  remasteredSeed: REMASTERED,
};

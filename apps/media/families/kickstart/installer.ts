import { labelArgument } from '../../escape.js';
import { type Installer, type VendorVolume, VOLUME_ID_PLACEHOLDER } from '../installer.js';
import { SEED_LABELS } from '../labels.js';

/** Characters of a label that mean nothing to GRUB, the kernel and udev. */
const PLAIN_LABEL = /^[A-Za-z0-9#+\-.=@_]+$/;

/**
 * Anaconda's copies of the kickstart stay away from the installed system (its boot-options.rst), and dracut
 * powers off where it would open a shell, as it does after three minutes without a seed (dracut.cmdline(7)).
 */
const UNATTENDED = 'inst.nosave=all_ks rd.shell=0 rd.emergency=poweroff';

/**
 * `inst.stage2` names the vendor's ISO, `inst.ks` the seed; the stock menu's wait and its test of the medium
 * are left out.
 */
export const ANACONDA: Installer = {
  kernel: '/images/pxeboot/vmlinuz',
  initrd: '/images/pxeboot/initrd.img',
  arguments: (volume, seedAt) => {
    const vendor = volume ? device(volume) : `LABEL=${VOLUME_ID_PLACEHOLDER}`;
    const seed = seedAt === 'label' ? `LABEL=${SEED_LABELS.anaconda}` : vendor;
    return `inst.stage2=hd:${vendor} inst.ks=hd:${seed}:/ks.cfg ${UNATTENDED}`;
  },
  remasteredSeed: '',
};

/**
 * A label with a space or the like is not named, but the volume's UUID: udev's `\x20` for it becomes `\\x20`
 * on its way through GRUB 2.06.
 */
function device({ volumeId, uuid }: VendorVolume): string {
  return uuid !== null && !PLAIN_LABEL.test(volumeId) ? `UUID=${uuid}` : `LABEL=${labelArgument(volumeId)}`;
}

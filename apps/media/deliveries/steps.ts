import type { MediaPlan } from '#protocol';
import { VOLUME_ID_PLACEHOLDER } from '../families/installer.js';
import { WHEN } from '../plan/when.js';
import type { Steps } from './delivery.js';

/** Of a first start by direct kernel boot. */
export const kernelSteps = ({
  arguments: words,
  files,
}: Pick<NonNullable<MediaPlan['kernel']>, 'arguments' | 'files'>): Steps => [
  ...(words.includes(VOLUME_ID_PLACEHOLDER)
    ? [
        {
          when: WHEN.before,
          do: `put the volume id of the vendor ISO in place of ${VOLUME_ID_PLACEHOLDER} in the kernel arguments (blkid prints it as LABEL), or give vendorIso in the request`,
        },
      ]
    : []),
  {
    when: WHEN.first,
    do: files
      ? 'boot the kernel and initrd in kernel.files, with the arguments in kernel'
      : 'boot the kernel and initrd taken from the vendor ISO, with the arguments in kernel',
  },
  {
    when: WHEN.restart,
    do: 'remove kernel, initrd and arguments (libvirt: define libvirtXml) and start the machine again: the installed disk boots by itself',
  },
];

/** Of a medium with a boot loader of ours. */
export const mediumSteps = (medium: string): Steps => [
  { when: WHEN.first, do: `start the machine: its disk is empty, so the ${medium} boots` },
  { when: WHEN.restart, do: `nothing: the installed disk boots before the ${medium}` },
];

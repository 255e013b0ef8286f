/**
 * Volume labels of seeds. cloud-init (and with it Subiquity) and Anaconda look for theirs; Windows' setup
 * takes any, and this one tells people what the disk is (FAT has room for eleven characters).
 */
export const SEED_LABELS = { cloudInit: 'CIDATA', anaconda: 'OEMDRV', windows: 'INFINIBAY' } as const;

/** What would be taken for the seed beside it, by the seed's label, as words after "a medium". */
export const RIVALS: Readonly<Record<string, string>> = {
  [SEED_LABELS.cloudInit]: 'labelled CIDATA or cidata, such as the cloud-init drive of Proxmox VE',
  [SEED_LABELS.anaconda]: 'labelled OEMDRV',
  [SEED_LABELS.windows]: 'with an autounattend.xml at its root',
};

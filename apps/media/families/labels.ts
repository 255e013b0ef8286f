/**
 * Volume labels of seeds. cloud-init (and with it Subiquity) and Anaconda look for theirs; Windows' setup
 * takes any, and this one tells people what the disk is (FAT has room for eleven characters).
 */
export const SEED_LABELS = { cloudInit: 'CIDATA', anaconda: 'OEMDRV', windows: 'INFINIBAY' } as const;

/** A vendor's medium, as an installer's arguments name it. */
export interface VendorVolume {
  volumeId: string;
  /** As blkid and udev write it; null when the volume has no dates. */
  uuid: string | null;
}

/** An installer whose kernel is started with arguments that let it ask nobody. */
export interface Installer {
  /** Paths on the vendor's ISO. */
  kernel: string;
  initrd: string;
  /**
   * @param volume null: it is not known, and `VOLUME_ID_PLACEHOLDER` stands where its volume id is needed
   * @param seedAt `label`: a medium of its own; `vendor-iso`: the seed is on the (remastered) vendor ISO
   * itself
   */
  arguments(volume: VendorVolume | null, seedAt: 'label' | 'vendor-iso'): string;
  /** Where a remastered ISO carries the seed's files: '' is its root, others begin with `/`. */
  remasteredSeed: string;
}

/** Kernel and initrd on the vendor's ISO, and the arguments with which the installer asks nobody. */
export interface InstallerBoot {
  kernel: string;
  initrd: string;
  arguments: string;
}

/** Stands in kernel arguments where the volume id of a vendor ISO that was not given belongs. */
export const VOLUME_ID_PLACEHOLDER = '{vendorVolumeId}';

/** How an installer is started. Parameters as those of `Installer.arguments`. */
export const installerBoot = (
  installer: Installer,
  volume: VendorVolume | null,
  seedAt: 'label' | 'vendor-iso' = 'label',
): InstallerBoot => ({
  kernel: installer.kernel,
  initrd: installer.initrd,
  arguments: installer.arguments(volume, seedAt),
});

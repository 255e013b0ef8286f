/** A text file of a seed. */
export interface SeedFile {
  /** Path below the seed's root, with `/` between folders. */
  name: string;
  content: string;
}

/** A file that a seed takes from elsewhere, such as a driver. */
export interface CopiedFile {
  /** Path below the seed's root, with `/` between folders. */
  name: string;
  /** Absolute path of the file to copy. */
  from: string;
}

/** What a seed is made of besides the request. */
export interface SeedOrder {
  /**
   * New for each medium: cloud-init and Windows setup tell media apart by it. Letters, digits and hyphens.
   */
  mediaId: string;
  /** Opened, by user name; only for a family that keeps passwords sealed. */
  passwords: ReadonlyMap<string, string>;
  /** UI language of the vendor's medium, BCP 47, when it tells one. */
  uiLanguage?: string;
  /** Whether the vendor's medium carries no packages; absent: they are there, or nobody knows. */
  isBootIso?: boolean;
}

/** GRUB on a seed that boots by itself under UEFI. */
export interface BootLoader {
  /** grub.cfg */
  config: string;
  /** In the order in which they are loaded. */
  modules: readonly string[];
}

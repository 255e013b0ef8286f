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

import type { CatalogEntry } from './catalog.js';

/** A file as it was when it was hashed. */
export interface StoredArtifact {
  entry: CatalogEntry;
  /** Hexadecimal. */
  sha256: string;
  /** Bytes. */
  size: number;
  version: string;
  modifiedAt: Date;
  /** The copy named by its hash: what downloads read. */
  contentPath: string;
}

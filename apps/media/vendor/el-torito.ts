import type { ImageFile } from './image-file.js';
import { type Iso9660, SECTOR } from './iso9660.js';

const ENTRY = 32;
const BOOTABLE = 0x88;
const PLATFORMS: Record<number, 'bios' | 'uefi'> = { 0x00: 'bios', 0xef: 'uefi' };

export interface BootEntry {
  platform: 'bios' | 'uefi' | 'other';
  /** First sector of the boot image, of 2048 bytes. */
  sector: number;
  /** Length that the firmware loads, in sectors of 512 bytes; for UEFI the size of the FAT image. */
  loadSectors: number;
}

/**
 * The boot images that the firmware can choose from. Source: "El Torito" bootable CD-ROM format
 * specification, version 1.0, and UEFI's platform id 0xEF (UEFI specification, "ISO-9660 and El Torito").
 */
export async function bootEntries(file: ImageFile, iso: Iso9660): Promise<BootEntry[]> {
  if (iso.bootCatalog === null) return [];
  return parseBootCatalog(await file.read(iso.bootCatalog * SECTOR, SECTOR));
}

/** @returns nothing for a catalog that does not begin as one */
export function parseBootCatalog(catalog: Buffer): BootEntry[] {
  if (catalog.length < 2 * ENTRY || catalog[0] !== 1 || catalog.readUInt16LE(30) !== 0xaa55) return [];
  const entries: BootEntry[] = [];
  const take = (at: number, platform: number): void => {
    if (catalog[at] !== BOOTABLE) return;
    entries.push({
      platform: PLATFORMS[platform] ?? 'other',
      sector: catalog.readUInt32LE(at + 8),
      loadSectors: catalog.readUInt16LE(at + 6),
    });
  };
  take(ENTRY, catalog[1] ?? 0);
  for (let at = 2 * ENTRY; at + ENTRY <= catalog.length;) {
    const header = catalog[at];
    // 0x90: more headers follow; 0x91: the last one.
    if (header !== 0x90 && header !== 0x91) break;
    const platform = catalog[at + 1] ?? 0;
    const count = catalog.readUInt16LE(at + 2);
    at += ENTRY;
    for (let index = 0; index < count && at + ENTRY <= catalog.length; at += ENTRY) {
      // An extension of the entry before it.
      if (catalog[at] === 0x44) continue;
      take(at, platform);
      index += 1;
    }
    if (header === 0x91) break;
  }
  return entries;
}

import { FatError, FatFolder } from './fat-folder.js';

const SECTOR = 512;
const ENTRY = 32;
const ROOT_ENTRIES = 512;
/** FAT12 has up to 4084 clusters, FAT16 up to 65524; with room between them. */
const MOST_CLUSTERS_FAT12 = 4000;
const LEAST_CLUSTERS_FAT16 = 4200;
const MOST_CLUSTERS_FAT16 = 65_000;
const MOST_SECTORS_PER_CLUSTER = 64;
/** Clusters that stay free. */
const SPARE = 8;
/** The end of a chain, as the table has it whatever its width. */
const END = 0xffff;

export interface FatTree {
  /** Paths with `/`; every folder before what it holds. */
  folders: string[];
  files: { path: string; size: number }[];
  /** At most eleven ASCII characters. */
  label: string;
  /** Eight hexadecimal digits: the serial number. */
  volumeId: string;
  /** Seconds since 1970; FAT begins in 1980 and ends in 2107. */
  sourceDateEpoch: number;
}

export interface FatLayout {
  /** Bytes of the whole image; what `parts` and `files` leave out is zeros. */
  size: number;
  /** Boot sector, tables and folders, with their places in the image. */
  parts: { at: number; bytes: Buffer }[];
  /** Where the bytes of each file go, in one piece. */
  files: { path: string; at: number }[];
}

interface Geometry {
  bits: 12 | 16;
  clusterBytes: number;
  clusters: number;
}

/**
 * A FAT file system without partitions, as large as its files need: where everything stands in it. The same
 * input gives the same bytes. Source: Microsoft, "FAT: General Overview of On-Disk Format", 1.03.
 * @throws FatError for a name that FAT has no room or letter for, and above 2 GB
 */
export function fatLayout(tree: FatTree): FatLayout {
  const root = new FatFolder(null, tree.label);
  const byPath = new Map<string, FatFolder>([['', root]]);
  const parentOf = (path: string): FatFolder => {
    const parent = byPath.get(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
    if (!parent) throw new FatError(`${path} is in a folder that is not named`);
    return parent;
  };
  const base = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
  for (const path of tree.folders) {
    const folder = new FatFolder(parentOf(path), null);
    byPath.set(path, folder);
    folder.entry = parentOf(path).add(base(path), { isFolder: true, size: 0 });
  }
  const files = tree.files.map(({ path, size }) => ({
    path,
    size,
    entry: parentOf(path).add(base(path), { isFolder: false, size }),
  }));
  const folders = tree.folders.map((path) => byPath.get(path) as FatFolder);
  const { bits, clusterBytes, clusters } = geometry([
    ...folders.map(({ length }) => length * ENTRY),
    ...files.map(({ size }) => size),
  ]);
  const fatSectors = Math.ceil(((clusters + 2) * bits) / 8 / SECTOR);
  const rootEntries = Math.max(ROOT_ENTRIES, Math.ceil(root.length / 16) * 16);
  const rootAt = (1 + 2 * fatSectors) * SECTOR;
  const dataAt = rootAt + rootEntries * ENTRY;
  const table = new Uint16Array(clusters + 2).fill(END, 0, 2);
  let next = 2;
  // One piece after the other: an empty file has no cluster at all.
  const allocate = (bytes: number): number => {
    const count = Math.ceil(bytes / clusterBytes);
    const first = count === 0 ? 0 : next;
    for (let index = 0; index < count; index += 1)
      table[next + index] = index === count - 1 ? END : next + index + 1;
    next += count;
    return first;
  };
  const at = (cluster: number): number => dataAt + (cluster - 2) * clusterBytes;
  for (const folder of folders) if (folder.entry) folder.entry.cluster = allocate(folder.length * ENTRY);
  for (const { entry, size } of files) entry.cluster = allocate(size);
  const size = dataAt + clusters * clusterBytes;
  const fat = packTable(table, bits, fatSectors * SECTOR);
  const boot = bootSector(tree, { bits, clusterBytes, fatSectors, rootEntries, sectors: size / SECTOR });
  return {
    size,
    parts: [
      { at: 0, bytes: boot },
      { at: SECTOR, bytes: fat },
      { at: SECTOR + fat.length, bytes: fat },
      { at: rootAt, bytes: root.bytes(tree.sourceDateEpoch) },
      ...folders.map((folder) => ({
        at: at(folder.entry?.cluster ?? 0),
        bytes: folder.bytes(tree.sourceDateEpoch),
      })),
    ],
    files: files.flatMap(({ path, entry }) => (entry.cluster === 0 ? [] : [{ path, at: at(entry.cluster) }])),
  };
}

/** The smallest clusters that are few enough. */
function geometry(chunks: number[]): Geometry {
  for (let sectors = 1; sectors <= MOST_SECTORS_PER_CLUSTER; sectors *= 2) {
    const clusterBytes = sectors * SECTOR;
    const needed = chunks.reduce((sum, bytes) => sum + Math.ceil(bytes / clusterBytes), SPARE);
    if (needed <= MOST_CLUSTERS_FAT12) return { bits: 12, clusterBytes, clusters: needed };
    const clusters = Math.max(needed, LEAST_CLUSTERS_FAT16);
    if (clusters <= MOST_CLUSTERS_FAT16) return { bits: 16, clusterBytes, clusters };
  }
  throw new FatError('the files of the seed do not fit into 2 GB');
}

function packTable(table: Uint16Array, bits: 12 | 16, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  table.forEach((value, index) => {
    if (bits === 16) bytes.writeUInt16LE(value, index * 2);
    else {
      // Two entries of 12 bits in three bytes: the even one has the low ones.
      const place = index + (index >> 1);
      const shift = index % 2 === 0 ? 0 : 4;
      bytes.writeUInt16LE(bytes.readUInt16LE(place) | ((value & 0xfff) << shift), place);
    }
  });
  // The first entry repeats the media byte.
  bytes[0] = MEDIA;
  return bytes;
}

const MEDIA = 0xf8;

function bootSector(
  { label, volumeId }: FatTree,
  how: { bits: 12 | 16; clusterBytes: number; fatSectors: number; rootEntries: number; sectors: number },
): Buffer {
  const boot = Buffer.alloc(SECTOR);
  boot.set([0xeb, 0x3c, 0x90]);
  boot.write('MSWIN4.1', 3, 'latin1');
  boot.writeUInt16LE(SECTOR, 11);
  boot.writeUInt8(how.clusterBytes / SECTOR, 13);
  boot.writeUInt16LE(1, 14);
  boot.writeUInt8(2, 16);
  boot.writeUInt16LE(how.rootEntries, 17);
  const isLarge = how.sectors > 0xffff;
  boot.writeUInt16LE(isLarge ? 0 : how.sectors, 19);
  boot.writeUInt8(MEDIA, 21);
  boot.writeUInt16LE(how.fatSectors, 22);
  // Sectors of a track and heads: nobody asks, and zero would be wrong.
  boot.writeUInt16LE(32, 24);
  boot.writeUInt16LE(64, 26);
  boot.writeUInt32LE(isLarge ? how.sectors : 0, 32);
  boot.writeUInt8(0x80, 36);
  boot.writeUInt8(0x29, 38);
  boot.writeUInt32LE(Number.parseInt(volumeId, 16), 39);
  boot.write(label.padEnd(11), 43, 'latin1');
  boot.write(`FAT${how.bits}`.padEnd(8), 54, 'latin1');
  // A BIOS that starts it anyway is told to go on with its next device: int 0x18, or else hlt for ever.
  boot.set([0xcd, 0x18, 0xf4, 0xeb, 0xfd], 62);
  boot.set([0x55, 0xaa], 510);
  return boot;
}

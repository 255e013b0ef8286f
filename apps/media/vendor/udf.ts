import { type Extent, type ImageFile, lengthOf } from './image-file.js';

const SECTOR = 2048;
/** Descriptor tags of ECMA-167. */
const TAG = {
  anchor: 2,
  partition: 5,
  logicalVolume: 6,
  terminator: 8,
  fileSet: 256,
  fileIdentifier: 257,
  allocationExtent: 258,
  fileEntry: 261,
  extendedFileEntry: 266,
};
const ANCHOR_SECTOR = 256;
const MAX_FOLDER_BYTES = 1024 * 1024;
/** Allocation extents of one file that are followed: a chain without an end is none. */
const MAX_CONTINUATIONS = 1024;

/** In sectors. */
interface Partition {
  start: number;
  length: number;
}

/** What blocks are counted from. */
interface Place {
  file: ImageFile;
  partition: Partition;
}

/** A file's data: stretches of the image, or the bytes themselves when the entry has room for them. */
interface Node {
  isFolder: boolean;
  /** Bytes. */
  length: number;
  extents: Extent[];
}

/**
 * As much of UDF 1.02 as it takes to find a file: Windows' ISOs keep their files there, and nothing but a
 * readme in ISO 9660. One physical partition, as on every medium that is read only; no metadata partition
 * (UDF 2.50). Source: ECMA-167, third edition; OSTA UDF 1.02.
 */
export class Udf {
  private constructor(
    private readonly place: Place,
    private readonly root: Node,
    readonly label: string,
  ) {}

  /** Bytes that the volume says it has. */
  get volumeBytes(): number {
    return (this.place.partition.start + this.place.partition.length) * SECTOR;
  }

  /**
   * @returns null when the image has no UDF volume @throws Error when it has one that is damaged, or of
   * another kind
   */
  static async open(file: ImageFile): Promise<Udf | null> {
    if (file.size < (ANCHOR_SECTOR + 1) * SECTOR) return null;
    const anchor = await file.read(ANCHOR_SECTOR * SECTOR, SECTOR);
    if (!isTagged(anchor, TAG.anchor)) return null;
    const sectors = Math.min(Math.ceil(anchor.readUInt32LE(16) / SECTOR), 64);
    const first = anchor.readUInt32LE(20);
    let partition: Partition | null = null;
    let volume: Buffer | null = null;
    for (let index = 0; index < sectors; index += 1) {
      const descriptor = await file.read((first + index) * SECTOR, SECTOR);
      if (isTagged(descriptor, TAG.partition))
        partition = { start: descriptor.readUInt32LE(188), length: descriptor.readUInt32LE(192) };
      if (isTagged(descriptor, TAG.logicalVolume)) volume = descriptor;
      if (isTagged(descriptor, TAG.terminator)) break;
    }
    if (!partition || !volume) throw new Error('the UDF volume has no partition');
    if (volume.readUInt32LE(212) !== SECTOR || volume.readUInt32LE(268) !== 1 || volume[440] !== 1)
      throw new Error('the UDF volume is of a kind that install media do not have (UDF 2.50 or later)');
    const place = { file, partition };
    const fileSet = await file.read((partition.start + volume.readUInt32LE(248 + 4)) * SECTOR, SECTOR);
    if (!isTagged(fileSet, TAG.fileSet)) throw new Error('the UDF volume has no file set');
    const root = await readNode(place, fileSet.readUInt32LE(400 + 4));
    return new Udf(place, root, dString(volume.subarray(84, 212)));
  }

  /** Where a file lies; upper and lower case are the same. @returns null when there is no such file */
  async find(path: string): Promise<Extent[] | null> {
    let node = this.root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      if (!node.isFolder) return null;
      const block = (await this.folder(node)).get(name.toLowerCase());
      if (block === undefined) return null;
      node = await readNode(this.place, block);
    }
    return node.isFolder ? null : node.extents;
  }

  /** Names in lower case, and the block of the partition in which each one's entry lies. */
  private async folder(node: Node): Promise<Map<string, number>> {
    if (node.length > MAX_FOLDER_BYTES) throw new Error('a folder of the image is damaged');
    const bytes = await this.place.file.readFrom(node.extents, 0, node.length);
    const names = new Map<string, number>();
    for (let at = 0; at + 38 <= bytes.length;) {
      if (!isTagged(bytes.subarray(at), TAG.fileIdentifier))
        throw new Error('a folder of the image is damaged');
      const characteristics = bytes[at + 18] ?? 0;
      const nameLength = bytes[at + 19] ?? 0;
      const useLength = bytes.readUInt16LE(at + 36);
      const nameAt = at + 38 + useLength;
      // Bit 2: deleted, bit 3: the parent.
      if ((characteristics & 0x0c) === 0)
        names.set(
          characters(bytes.subarray(nameAt, nameAt + nameLength)).toLowerCase(),
          bytes.readUInt32LE(at + 24),
        );
      at += (38 + useLength + nameLength + 3) & ~3;
    }
    return names;
  }
}

async function readNode({ file, partition }: Place, block: number): Promise<Node> {
  const position = (partition.start + block) * SECTOR;
  const entry = await file.read(position, SECTOR);
  const extended = isTagged(entry, TAG.extendedFileEntry);
  if (!extended && !isTagged(entry, TAG.fileEntry)) throw new Error('a file entry of the image is damaged');
  const header = extended ? 216 : 176;
  const attributes = entry.readUInt32LE(header - 8);
  const allocation = entry.readUInt32LE(header - 4);
  const length = Number(entry.readBigUInt64LE(56));
  const from = header + attributes;
  const isFolder = entry[16 + 11] === 4;
  const kind = entry.readUInt16LE(16 + 18) & 7;
  if (from + allocation > SECTOR) throw new Error('a file entry of the image is damaged');
  if (kind === 3) return { isFolder, length, extents: [{ position: position + from, length }] };
  if (kind > 1) throw new Error('a file of the image lies in a way that install media do not have');
  const extents: Extent[] = [];
  let descriptors = entry.subarray(from, from + allocation);
  for (let hop = 0; hop < MAX_CONTINUATIONS; hop += 1) {
    const next = takeDescriptors(descriptors, kind === 0 ? 8 : 16, partition.start, extents);
    if (next === null) break;
    const more = await file.read((partition.start + next) * SECTOR, SECTOR);
    if (!isTagged(more, TAG.allocationExtent)) throw new Error('a file entry of the image is damaged');
    descriptors = more.subarray(24, 24 + Math.min(more.readUInt32LE(20), SECTOR - 24));
  }
  if (lengthOf(extents) < length) throw new Error('a file entry of the image is damaged');
  return { isFolder, length, extents: cut(extents, length) };
}

/** @returns the block where more descriptors are, or null */
function takeDescriptors(
  descriptors: Buffer,
  size: number,
  partitionStart: number,
  into: Extent[],
): number | null {
  for (let at = 0; at + size <= descriptors.length; at += size) {
    const field = descriptors.readUInt32LE(at);
    const length = field & 0x3fffffff;
    const block = descriptors.readUInt32LE(at + 4);
    if (length === 0) return null;
    // The two highest bits: 3 points to more descriptors, 0 is data that is there.
    if (field >>> 30 === 3) return block;
    if (field >>> 30 !== 0) throw new Error('a file of the image has holes');
    into.push({ position: (partitionStart + block) * SECTOR, length });
  }
  return null;
}

/** The last stretch may be longer than the file. */
function cut(extents: Extent[], length: number): Extent[] {
  let left = length;
  return extents.flatMap((extent) => {
    const take = Math.min(left, extent.length);
    left -= take;
    return take > 0 ? [{ ...extent, length: take }] : [];
  });
}

/** The tag's number and the sum over its other bytes: ECMA-167, 3/7.2. */
function isTagged(descriptor: Buffer, tag: number): boolean {
  if (descriptor.length < 16 || descriptor.readUInt16LE(0) !== tag) return false;
  let sum = 0;
  for (let at = 0; at < 16; at += 1) if (at !== 4) sum += descriptor[at] ?? 0;
  return (sum & 0xff) === descriptor[4];
}

/** A fixed field whose last byte is the length of what it holds. */
function dString(field: Buffer): string {
  return characters(field.subarray(0, field[field.length - 1] ?? 0));
}

/** OSTA compressed Unicode: 8 or 16 bits a character, as its first byte says. */
function characters(bytes: Buffer): string {
  if (bytes[0] !== 16) return bytes.toString('latin1', 1);
  return Buffer.from(bytes.subarray(1, 1 + ((bytes.length - 1) & ~1)))
    .swap16()
    .toString('utf16le');
}

import type { Extent } from './image-file.js';

const SECTOR = 2048;
const MULTI_EXTENT = 0x80;
const FOLDER = 0x02;
/** Continuation areas of one record that are followed; a chain without an end is none. */
const MAX_CONTINUATIONS = 16;

export interface RecordNames {
  /** ISO 9660's or Joliet's, without the version number. */
  plainName: string;
  rockRidgeName: string | null;
}

/** Rock Ridge's PX entry. */
export interface Permissions {
  /** Permission bits, without the file's kind. */
  mode: number;
  uid: number;
  gid: number;
}

export interface DirectoryRecord extends RecordNames {
  isFolder: boolean;
  /** Null without Rock Ridge. */
  permissions: Permissions | null;
  /** More than one from 4 GiB on. */
  extents: Extent[];
}

type Read = (position: number, length: number) => Promise<Buffer>;

/**
 * The records of a folder, without those of itself and its parent.
 * @param read reads other places of the image: Rock Ridge goes on elsewhere when a record is full
 */
export async function parseDirectory(
  folder: Buffer,
  isJoliet: boolean,
  read: Read,
): Promise<DirectoryRecord[]> {
  const records: DirectoryRecord[] = [];
  let unfinished: Extent[] = [];
  for (let at = 0; at < folder.length;) {
    const length = folder[at] ?? 0;
    // A record never crosses a sector: zero means go on at the next one.
    if (length === 0) {
      at = (Math.floor(at / SECTOR) + 1) * SECTOR;
      continue;
    }
    const record = folder.subarray(at, at + length);
    at += length;
    const nameLength = record[32] ?? 0;
    if (record.length < 34 || 33 + nameLength > record.length)
      throw new Error('a folder of the image is damaged');
    if (nameLength === 1 && (record[33] ?? 0) <= 1) continue;
    const extents = [
      ...unfinished,
      {
        position: (record.readUInt32LE(2) + (record[1] ?? 0)) * SECTOR,
        length: record.readUInt32LE(10),
      },
    ];
    const flags = record[25] ?? 0;
    unfinished = flags & MULTI_EXTENT ? extents : [];
    if (flags & MULTI_EXTENT) continue;
    const name = record.subarray(33, 33 + nameLength);
    const rockRidge = isJoliet ? null : await rockRidgeOf(record, nameLength, read);
    records.push({
      plainName: (isJoliet ? bigEndianUcs2(name) : name.toString('latin1')).replace(/\.?;\d+$/, ''),
      rockRidgeName: rockRidge?.name ?? null,
      isFolder: (flags & FOLDER) !== 0,
      permissions: rockRidge?.permissions ?? null,
      extents,
    });
  }
  return records;
}

async function rockRidgeOf(
  record: Buffer,
  nameLength: number,
  read: Read,
): Promise<{ name: string | null; permissions: Permissions | null }> {
  let area = record.subarray(33 + nameLength + ((nameLength + 1) % 2));
  let name = Buffer.alloc(0);
  let permissions: Permissions | null = null;
  for (let hop = 0; hop < MAX_CONTINUATIONS; hop += 1) {
    let next: Buffer | null = null;
    for (let at = 0; at + 4 <= area.length;) {
      const length = area[at + 2] ?? 0;
      if (length < 4 || at + length > area.length) break;
      const entry = area.subarray(at, at + length);
      const signature = entry.toString('latin1', 0, 2);
      if (signature === 'NM') name = Buffer.concat([name, entry.subarray(5)]);
      if (signature === 'PX' && length >= 36)
        permissions = {
          mode: entry.readUInt32LE(4) & 0o7777,
          uid: entry.readUInt32LE(20),
          gid: entry.readUInt32LE(28),
        };
      if (signature === 'CE' && length >= 28)
        next = await read(
          entry.readUInt32LE(4) * SECTOR + entry.readUInt32LE(12),
          Math.min(entry.readUInt32LE(20), SECTOR),
        );
      if (signature === 'ST') break;
      at += length;
    }
    if (!next) break;
    area = next;
  }
  return { name: name.length > 0 ? name.toString('utf8') : null, permissions };
}

export function bigEndianUcs2(bytes: Buffer): string {
  return Buffer.from(bytes.subarray(0, bytes.length & ~1))
    .swap16()
    .toString('utf16le');
}

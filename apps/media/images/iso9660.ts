import { type FileHandle, open } from 'node:fs/promises';

const SECTOR = 2048;

/** What stands in an image: both volume labels and the names at its root as Rock Ridge and Joliet give them. */
export interface IsoContents {
  label: string;
  jolietLabel: string | null;
  rockRidgeNames: string[];
  jolietNames: string[];
}

/**
 * Reads an ISO 9660 image back. Source: ECMA-119 (volume descriptors, directory records), Joliet (UCS-2 in a supplementary descriptor),
 * IEEE P1282 (Rock Ridge's NM entry).
 * @throws Error when it is not an ISO 9660 image
 */
export async function readIso(path: string): Promise<IsoContents> {
  const file = await open(path, 'r');
  try {
    let primary: Buffer | null = null;
    let joliet: Buffer | null = null;
    for (let sector = 16; sector < 32; sector += 1) {
      const descriptor = await read(file, sector * SECTOR, SECTOR);
      if (descriptor.toString('latin1', 1, 6) !== 'CD001') break;
      if (descriptor[0] === 1) primary = descriptor;
      if (descriptor[0] === 2 && /^%\/[@CE]/.test(descriptor.toString('latin1', 88, 91))) joliet = descriptor;
      if (descriptor[0] === 255) break;
    }
    if (!primary) throw new Error(`${path} is not an ISO 9660 image`);
    return {
      label: primary.toString('latin1', 40, 72).trimEnd(),
      jolietLabel: joliet ? ucs2(joliet.subarray(40, 72)).replace(/[\0 ]+$/, '') : null,
      rockRidgeNames: (await rootRecords(file, primary)).flatMap((record) => rockRidgeName(record) ?? []),
      jolietNames: joliet
        ? (await rootRecords(file, joliet)).map(nameBytes).map((name) => ucs2(name).replace(/;1$/, ''))
        : [],
    };
  } finally {
    await file.close();
  }
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead !== length) throw new Error('the image ends too early');
  return buffer;
}

/** The records of the root folder, without those of itself and its parent. */
async function rootRecords(file: FileHandle, descriptor: Buffer): Promise<Buffer[]> {
  const folder = await read(
    file,
    descriptor.readUInt32LE(156 + 2) * SECTOR,
    descriptor.readUInt32LE(156 + 10),
  );
  const records: Buffer[] = [];
  for (let at = 0; at < folder.length;) {
    const length = folder[at] ?? 0;
    // A record never crosses a sector: zero means go on at the next one.
    if (length === 0) {
      at = (Math.floor(at / SECTOR) + 1) * SECTOR;
      continue;
    }
    const record = folder.subarray(at, at + length);
    if (!(record[32] === 1 && (record[33] ?? 0) <= 1)) records.push(record);
    at += length;
  }
  return records;
}

function nameBytes(record: Buffer): Buffer {
  return record.subarray(33, 33 + (record[32] ?? 0));
}

function rockRidgeName(record: Buffer): string | null {
  const nameLength = record[32] ?? 0;
  let at = 33 + nameLength + ((nameLength + 1) % 2);
  let name = '';
  while (at + 4 <= record.length) {
    const length = record[at + 2] ?? 0;
    if (length < 4) break;
    if (record.toString('latin1', at, at + 2) === 'NM') name += record.toString('utf8', at + 5, at + length);
    at += length;
  }
  return name || null;
}

function ucs2(bytes: Buffer): string {
  return Buffer.from(bytes.subarray(0, bytes.length & ~1))
    .swap16()
    .toString('utf16le');
}

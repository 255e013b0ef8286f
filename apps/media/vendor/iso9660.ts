import { type Extent, ImageFile } from './image-file.js';
import {
  bigEndianUcs2,
  type DirectoryRecord,
  parseDirectory,
  type Permissions,
  type RecordNames,
} from './iso9660-records.js';

export const SECTOR = 2048;
/**
 * A folder with more bytes of records than this is not read: some thousand names. Those that lead to what is
 * looked for have a dozen.
 */
const MAX_FOLDER_BYTES = 1024 * 1024;
/** ISO 9660 itself allows eight. */
const MAX_DEPTH = 16;

/**
 * What stands in an image: both volume labels and the paths of all files and folders as Rock Ridge and Joliet
 * give them, without a `/` before.
 */
export interface IsoContents {
  label: string;
  jolietLabel: string | null;
  rockRidgeNames: string[];
  jolietNames: string[];
  /** By path, as Rock Ridge has them; Linux goes by these. */
  permissions: ReadonlyMap<string, Permissions>;
}

/**
 * An ISO 9660 file system, read by ranges. Source: ECMA-119 (volume descriptors, directory records), Joliet
 * (UCS-2 in a supplementary descriptor), IEEE P1282 (Rock Ridge's NM entry), El Torito (boot record
 * descriptor).
 */
export class Iso9660 {
  private constructor(
    private readonly file: ImageFile,
    private readonly primary: Buffer,
    private readonly joliet: Buffer | null,
    /** Where El Torito's boot catalog begins, in sectors; null for a medium that does not boot. */
    readonly bootCatalog: number | null,
  ) {}

  /** @returns null when the image has no ISO 9660 volume @throws Error when it ends among the descriptors */
  static async open(file: ImageFile): Promise<Iso9660 | null> {
    let primary: Buffer | null = null;
    let joliet: Buffer | null = null;
    let bootCatalog: number | null = null;
    for (let sector = 16; sector < 32; sector += 1) {
      if (!primary && file.size < (sector + 1) * SECTOR) return null;
      const descriptor = await file.read(sector * SECTOR, SECTOR);
      if (descriptor.toString('latin1', 1, 6) !== 'CD001') break;
      const type = descriptor[0];
      if (type === 0 && descriptor.toString('latin1', 7, 30) === 'EL TORITO SPECIFICATION')
        bootCatalog = descriptor.readUInt32LE(71);
      if (type === 1) primary ??= descriptor;
      if (type === 2 && /^%\/[@CE]/.test(descriptor.toString('latin1', 88, 91))) joliet ??= descriptor;
      if (type === 255) break;
    }
    return primary ? new Iso9660(file, primary, joliet, bootCatalog) : null;
  }

  get label(): string {
    return this.primary.toString('latin1', 40, 72).trimEnd();
  }

  /**
   * As blkid makes it: the date of the last change, or else of the making; null when there is neither
   * (util-linux, iso9660.c).
   */
  get uuid(): string | null {
    const dates = [this.primary.toString('latin1', 830, 846), this.primary.toString('latin1', 813, 829)];
    const date = dates.find((digits) => /^\d{16}$/.test(digits) && !/^0+$/.test(digits));
    return date?.replace(/^(....)(..)(..)(..)(..)(..)(..)$/, '$1-$2-$3-$4-$5-$6-$7') ?? null;
  }

  get jolietLabel(): string | null {
    return this.joliet ? bigEndianUcs2(this.joliet.subarray(40, 72)).replace(/[\0 ]+$/, '') : null;
  }

  /** Bytes that the volume says it has; a file with less was cut off. */
  get volumeBytes(): number {
    return this.primary.readUInt32LE(80) * SECTOR;
  }

  /**
   * Where a file lies, by its Rock Ridge name, its Joliet name or its plain one; upper and lower case are the
   * same.
   * @param path with `/` between folders
   * @returns null when there is no such file
   */
  async find(path: string): Promise<Extent[] | null> {
    const record = await this.record(path);
    return record && !record.isFolder ? record.extents : null;
  }

  /** Whether there is a file or folder of that path. */
  async has(path: string): Promise<boolean> {
    return (await this.record(path)) !== null;
  }

  /** Who may read a file or folder, by Rock Ridge; null when it is not there, or without Rock Ridge. */
  async permissions(path: string): Promise<Permissions | null> {
    return (await this.record(path))?.permissions ?? null;
  }

  /**
   * Everything in the image by its Rock Ridge or Joliet path, each folder before what it holds.
   * @throws Error for folders in too many folders
   */
  async tree(kind: 'rock-ridge' | 'joliet'): Promise<[path: string, record: DirectoryRecord][]> {
    const descriptor = kind === 'joliet' ? this.joliet : this.primary;
    const found: [string, DirectoryRecord][] = [];
    const enter = async (at: DirectoryRecord, above: string, depth: number): Promise<void> => {
      if (depth > MAX_DEPTH) throw new Error('folders of the image lie in each other');
      for (const record of await this.folder(at, kind === 'joliet')) {
        const name = kind === 'joliet' ? record.plainName : record.rockRidgeName;
        if (name === null) continue;
        found.push([above + name, record]);
        if (record.isFolder) await enter(record, `${above}${name}/`, depth + 1);
      }
    };
    if (descriptor) await enter(rootOf(descriptor), '', 0);
    return found;
  }

  private async record(path: string): Promise<DirectoryRecord | null> {
    for (const descriptor of [this.primary, this.joliet]) {
      let at: DirectoryRecord | null = descriptor && rootOf(descriptor);
      for (const name of path.split('/').filter((part) => part !== '')) {
        if (!at?.isFolder) break;
        const inside: DirectoryRecord[] = await this.folder(at, descriptor === this.joliet);
        at = inside.find((record) => isNamed(record, name)) ?? null;
      }
      if (at) return at;
    }
    return null;
  }

  private async folder(of: DirectoryRecord, isJoliet: boolean): Promise<DirectoryRecord[]> {
    const [extent] = of.extents;
    if (!extent || extent.length > MAX_FOLDER_BYTES) throw new Error('a folder of the image is damaged');
    const bytes = await this.file.read(extent.position, extent.length);
    return parseDirectory(bytes, isJoliet, (position, length) => this.file.read(position, length));
  }
}

function rootOf(descriptor: Buffer): DirectoryRecord {
  return {
    plainName: '',
    rockRidgeName: null,
    isFolder: true,
    permissions: null,
    extents: [
      {
        position: descriptor.readUInt32LE(156 + 2) * SECTOR,
        length: descriptor.readUInt32LE(156 + 10),
      },
    ],
  };
}

function isNamed({ plainName, rockRidgeName }: RecordNames, wanted: string): boolean {
  return [plainName, rockRidgeName].some((name) => name?.toLowerCase() === wanted.toLowerCase());
}

/**
 * Reads a finished image back: labels, names, and who may read.
 * @throws Error when it is not an ISO 9660 image
 */
export async function readIso(path: string): Promise<IsoContents> {
  const file = await ImageFile.open(path);
  try {
    const iso = await Iso9660.open(file);
    if (!iso) throw new Error(`${path} is not an ISO 9660 image`);
    const rockRidge = await iso.tree('rock-ridge');
    return {
      label: iso.label,
      jolietLabel: iso.jolietLabel,
      rockRidgeNames: rockRidge.map(([path]) => path),
      jolietNames: (await iso.tree('joliet')).map(([path]) => path),
      permissions: new Map(
        rockRidge.flatMap(([path, { permissions }]) => (permissions ? [[path, permissions]] : [])),
      ),
    };
  } finally {
    await file.close();
  }
}

const ENTRY = 32;
const FOLDER = 0x10;
const LABEL = 0x08;
const LONG_NAME = 0x0f;
/** UTF-16 units of a long name that one entry has room for. */
const UNITS = 13;
const MOST_UNITS = 255;
const SHORT_NAME = /^[A-Z0-9!#$%&'()@^_`{}~-]{1,8}(\.[A-Z0-9!#$%&'()@^_`{}~-]{1,3})?$/;

/** What FAT cannot have. */
export class FatError extends Error {}

export interface FatEntry {
  name: string;
  isFolder: boolean;
  size: number;
  /** 0 for an empty file. */
  cluster: number;
}

/** A folder and the entries that it will have; their clusters are set later. */
export class FatFolder {
  /** Its own entry in its parent; null for the root. */
  entry: FatEntry | null = null;
  private readonly entries: FatEntry[] = [];
  /** In small letters: Windows does not tell them apart. */
  private readonly names = new Set<string>();

  constructor(
    private readonly parent: FatFolder | null,
    private readonly label: string | null,
  ) {}

  /** Entries of 32 bytes: the root has one for the label, others have two for themselves and their parent. */
  get length(): number {
    const own = this.label === null ? 2 : 1;
    return this.entries.reduce((sum, { name }) => sum + 1 + longEntries(name), own);
  }

  /** @throws FatError for a name that FAT cannot have, or has already */
  add(name: string, { isFolder, size }: { isFolder: boolean; size: number }): FatEntry {
    if (/["*/:<>?\\|\0-\x1f]|[. ]$/.test(name) || name === '' || name.length > MOST_UNITS)
      throw new FatError(`the name ${JSON.stringify(name)} cannot stand on FAT`);
    if (this.names.has(name.toLowerCase()))
      throw new FatError(`the name ${JSON.stringify(name)} is there twice, but for capitals`);
    this.names.add(name.toLowerCase());
    const entry = { name, isFolder, size, cluster: 0 };
    this.entries.push(entry);
    return entry;
  }

  bytes(sourceDateEpoch: number): Buffer {
    const time = dosTime(sourceDateEpoch);
    const own =
      this.label === null
        ? [
            shortEntry('.'.padEnd(11), FOLDER, { cluster: this.entry?.cluster ?? 0, size: 0, time }),
            // The root has no cluster.
            shortEntry('..'.padEnd(11), FOLDER, { cluster: this.parent?.entry?.cluster ?? 0, size: 0, time }),
          ]
        : [shortEntry(this.label.padEnd(11), LABEL, { cluster: 0, size: 0, time })];
    // A name that is a short one itself goes before those that are made up.
    const taken = new Set(this.entries.map(({ name }) => padded(name.toUpperCase())));
    return Buffer.concat([
      ...own,
      ...this.entries.flatMap(({ name, isFolder, size, cluster }) => {
        const short = SHORT_NAME.test(name) ? padded(name) : alias(name, taken);
        return [
          ...longNameEntries(name, short),
          shortEntry(short, isFolder ? FOLDER : 0, { cluster, size, time }),
        ];
      }),
    ]);
  }
}

/**
 * What programs from before long names see: letters and digits of it and a number that makes it the only one.
 */
function alias(name: string, taken: Set<string>): string {
  const dot = name.lastIndexOf('.');
  const clean = (text: string): string => text.toUpperCase().replace(/[^A-Z0-9_-]/g, '');
  const extension = dot > 0 ? clean(name.slice(dot + 1)).slice(0, 3) : '';
  const stem = clean(dot > 0 ? name.slice(0, dot) : name) || '_';
  for (let number = 1; ; number += 1) {
    const tail = `~${number}`;
    const found =
      stem
        .slice(0, 8 - tail.length)
        .concat(tail)
        .padEnd(8) + extension.padEnd(3);
    if (taken.has(found)) continue;
    taken.add(found);
    return found;
  }
}

const padded = (name: string): string => {
  const [stem = '', extension = ''] = name.split('.');
  return stem.padEnd(8) + extension.padEnd(3);
};

const longEntries = (name: string): number => (SHORT_NAME.test(name) ? 0 : Math.ceil(name.length / UNITS));

function shortEntry(
  name: string,
  attributes: number,
  { cluster, size, time }: { cluster: number; size: number; time: { date: number; time: number } },
): Buffer {
  const entry = Buffer.alloc(ENTRY);
  entry.write(name, 'latin1');
  entry.writeUInt8(attributes, 11);
  entry.writeUInt16LE(time.time, 14);
  entry.writeUInt16LE(time.date, 16);
  entry.writeUInt16LE(time.date, 18);
  entry.writeUInt16LE(time.time, 22);
  entry.writeUInt16LE(time.date, 24);
  entry.writeUInt16LE(cluster, 26);
  entry.writeUInt32LE(size, 28);
  return entry;
}

/** Before the short entry, the last piece first. The sum ties them to it. */
function longNameEntries(longName: string, shortName: string): Buffer[] {
  const count = longEntries(longName);
  const sum = Buffer.from(shortName, 'latin1').reduce(
    (total, byte) => (((total & 1) << 7) + (total >> 1) + byte) & 0xff,
    0,
  );
  const units = Array.from({ length: count * UNITS }, (_, index) => {
    if (index < longName.length) return longName.charCodeAt(index);
    return index === longName.length ? 0 : 0xffff;
  });
  return Array.from({ length: count }, (_, index) => count - index).map((piece) => {
    const entry = Buffer.alloc(ENTRY);
    entry.writeUInt8(piece | (piece === count ? 0x40 : 0), 0);
    entry.writeUInt8(LONG_NAME, 11);
    entry.writeUInt8(sum, 13);
    PLACES.forEach((place, unit) => entry.writeUInt16LE(units[(piece - 1) * UNITS + unit] ?? 0xffff, place));
    return entry;
  });
}

const PLACES = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];

/** UTC, in steps of two seconds, from 1980 to 2107. */
function dosTime(sourceDateEpoch: number): { date: number; time: number } {
  const at = new Date(Math.min(Math.max(sourceDateEpoch, 315_532_800), 4_354_819_198) * 1000);
  return {
    date: ((at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate(),
    time: (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1),
  };
}

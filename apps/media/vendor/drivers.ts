import { mkdir, readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { type AppError } from '#runtime';
import { MediaError } from '../codes.js';
import type { CopiedFile } from '../families/seed-file.js';
import { InfError, parseInf } from './inf.js';
import {
  GUEST_TOOLS,
  SYSTEM_DRIVERS,
  type WantedDrivers,
  WINPE_DRIVERS,
} from '../families/windows/drivers.js';
import { findWindowsVersion } from '../families/windows/versions.js';
import { extractFromIso } from './iso-extract.js';
import { openRegularFile } from './regular-file.js';

export interface ResolvedDrivers {
  /** For Windows PE and the installed system: storage and network. */
  winpe: CopiedFile[];
  /** For the installed system only. */
  system: CopiedFile[];
  guestTools: CopiedFile | null;
  /** Bytes of everything. */
  size: number;
}

/** Without these setup sees neither a virtio disk nor a network. */
export const INSTALLER_DRIVERS = ['viostor', 'vioscsi', 'NetKVM'] as const;
const TOOLS_FILE = 'virtio-win-guest-tools.exe';
/** Publisher of builds that are not signed by Microsoft: the ISO carries it, older ones do not. */
const CERTIFICATES = 'cert';
/** Where a driver's folders are: in the ISO, and in Fedora's and RHEL's package. */
const ROOTS = ['', 'drivers/by-driver', 'by-driver'];

/** A path as it is to be named to people: on the ISO, not where it was unpacked. */
interface Tree {
  folder: string;
  /**
   * What was unpacked from an ISO stays below its folder: a link in it could name any file of this machine.
   * An operator's own folder may have links.
   */
  unpacked: boolean;
  shown(path: string): string;
}

/**
 * Finds the drivers of a Windows in a virtio-win folder or ISO and checks each: the INF, its catalog and
 * every file that the INF names must be there, and be what they seem. Drivers for the installer go to
 * `$WinPEDriver$`, which setup reads whatever letter the seed has and also puts into the installed system.
 * @param scratch an empty folder to unpack into when the source is an ISO; the results lie in it
 * @throws AppError `media.drivers` (422) that lists every fault with its path
 */
export async function resolveDrivers(
  source: string,
  want: WantedDrivers,
  scratch: string,
): Promise<ResolvedDrivers> {
  const os = findWindowsVersion(want.version)?.driverFolder;
  if (!os) throw refused([`os.version: there are no drivers for Windows ${JSON.stringify(want.version)}`]);
  const platform = want.architecture === 'aarch64' ? 'arm64' : 'amd64';
  const inside = `${os}/${platform === 'arm64' ? 'ARM64' : 'amd64'}`;
  const names = [...new Set([...INSTALLER_DRIVERS, ...want.drivers])];
  const tree = await openTree(source, scratch, [
    ...names.map((name) => `${name}/${inside}`),
    ...(want.guestTools ? [TOOLS_FILE] : []),
    CERTIFICATES,
  ]);
  const faults: string[] = [];
  const resolved: ResolvedDrivers = { winpe: [], system: [], guestTools: null, size: 0 };
  for (const name of names) {
    const isInstaller = (INSTALLER_DRIVERS as readonly string[]).includes(name);
    const files = await readDriver(tree, { name, inside, platform, faults });
    const target = isInstaller ? `${WINPE_DRIVERS}/${name}` : `${SYSTEM_DRIVERS}/${name}`;
    for (const file of files)
      (isInstaller ? resolved.winpe : resolved.system).push({
        name: `${target}/${file.slice(file.indexOf(inside) + inside.length + 1)}`,
        from: join(tree.folder, file),
      });
  }
  if (want.guestTools && (await isSound(tree, TOOLS_FILE, faults)))
    resolved.guestTools = { name: GUEST_TOOLS, from: join(tree.folder, TOOLS_FILE) };
  for (const file of await certificates(tree))
    if (await isSound(tree, `${CERTIFICATES}/${file}`, faults))
      resolved.system.push({
        name: `${SYSTEM_DRIVERS}/${file}`,
        from: join(tree.folder, CERTIFICATES, file),
      });
  if (faults.length > 0) throw refused(faults);
  const all = [...resolved.winpe, ...resolved.system, ...(resolved.guestTools ? [resolved.guestTools] : [])];
  for (const { from } of all) resolved.size += (await stat(from)).size;
  return resolved;
}

/** As many as anybody reads; a folder of another kind could have any number. */
const MOST_FAULTS = 100;

const refused = (faults: string[], cause?: unknown): AppError =>
  new MediaError(
    'media.drivers',
    `virtioDrivers: ${faults.slice(0, MOST_FAULTS).join('; ')}${faults.length > MOST_FAULTS ? ` and ${faults.length - MOST_FAULTS} more` : ''}; give a whole virtio-win ISO, or the folder of one`,
    { cause },
  );

async function openTree(source: string, scratch: string, paths: string[]): Promise<Tree> {
  const info = await stat(source).catch((error: unknown) => {
    throw refused([`${source} cannot be read`], error);
  });
  if (info.isDirectory()) {
    for (const root of ROOTS) {
      const folder = join(source, root);
      const [first = ''] = INSTALLER_DRIVERS;
      if (await stat(join(folder, first)).catch(() => null))
        return { folder, unpacked: false, shown: (path) => join(folder, path) };
    }
    return { folder: source, unpacked: false, shown: (path) => join(source, path) };
  }
  const fault = await looksWrong(source);
  if (fault) throw refused([`${source} ${fault}`]);
  await mkdir(scratch, { recursive: true, mode: 0o700 });
  await extractFromIso(source, paths, scratch).catch((error: unknown) => {
    throw refused([`${source} is no ISO 9660 image, or it is truncated: ${(error as Error).message}`], error);
  });
  return { folder: scratch, unpacked: true, shown: (path) => `${source}:/${path}` };
}

/** The files of one driver, below the tree; what is wrong with it is added to the faults. */
async function readDriver(
  tree: Tree,
  {
    name,
    inside,
    platform,
    faults,
  }: { name: string; inside: string; platform: 'amd64' | 'arm64'; faults: string[] },
): Promise<string[]> {
  const folder = `${name}/${inside}`;
  const present = await readdir(join(tree.folder, folder)).catch(() => null);
  if (!present) {
    faults.push(`${tree.shown(folder)} is missing`);
    return [];
  }
  const infs = present.filter((file) => /\.inf$/i.test(file)).sort();
  if (infs.length === 0) {
    faults.push(`${tree.shown(folder)} has no INF`);
    return [];
  }
  const files = new Set<string>();
  for (const inf of infs) {
    const path = `${folder}/${inf}`;
    if (!(await isSound(tree, path, faults))) continue;
    files.add(path);
    try {
      const { catalog, files: named } = parseInf(await readSmall(join(tree.folder, path)), platform);
      if (catalog === null)
        faults.push(`${tree.shown(path)} names no catalog (CatalogFile), so Windows refuses the driver`);
      for (const needed of [...(catalog === null ? [] : [catalog]), ...named]) {
        const found = await find(tree, folder, needed);
        if (found === null)
          faults.push(`${tree.shown(`${folder}/${needed}`)} is missing, which ${inf} names`);
        else if (await isSound(tree, found, faults)) files.add(found);
      }
    } catch (error) {
      if (!(error instanceof InfError)) throw error;
      faults.push(`${tree.shown(path)} ${error.message}`);
    }
  }
  return [...files];
}

/** Windows compares names without case. A name that leads out of the driver's folder is not found. */
async function find(tree: Tree, folder: string, name: string): Promise<string | null> {
  let path = folder;
  for (const part of name.split('/')) {
    if (part === '..' || part === '') return null;
    const entries = await readdir(join(tree.folder, path)).catch(() => []);
    const found = entries.find((entry) => entry.toLowerCase() === part.toLowerCase());
    if (found === undefined) return null;
    path = `${path}/${found}`;
  }
  return path;
}

async function isSound(tree: Tree, path: string, faults: string[]): Promise<boolean> {
  const fault = (await leadsOut(tree, path)) ?? (await looksWrong(join(tree.folder, path)));
  if (fault) faults.push(`${tree.shown(path)} ${fault}`);
  return fault === null;
}

/** Whether a link stands in the path. */
async function leadsOut({ folder, unpacked }: Tree, path: string): Promise<string | null> {
  if (!unpacked) return null;
  const [root, real] = await Promise.all([realpath(folder), realpath(join(folder, path)).catch(() => null)]);
  return real === null || real.startsWith(root + sep) ? null : 'is a link that leads out of the ISO';
}

/**
 * What the first bytes of each kind must be: PE files begin with MZ, a catalog is a DER sequence (PKCS #7).
 */
const MAGIC: Readonly<Record<string, (head: Buffer) => boolean>> = {
  sys: (head) => head.toString('latin1', 0, 2) === 'MZ',
  dll: (head) => head.toString('latin1', 0, 2) === 'MZ',
  exe: (head) => head.toString('latin1', 0, 2) === 'MZ',
  cat: (head) => head[0] === 0x30,
};

async function looksWrong(path: string): Promise<string | null> {
  const file = await openRegularFile(path).catch(whyNot);
  if (typeof file === 'string') return file;
  try {
    const info = await file.stat();
    if (info.size === 0) return 'is empty';
    const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
    const head = buffer.subarray(0, bytesRead);
    if (/^\s*<(!doctype|html|head|\?xml)/i.test(head.toString('utf8')))
      return 'is a web page: the download went wrong';
    const kind = /\.(\w+)$/.exec(path)?.[1]?.toLowerCase() ?? '';
    return MAGIC[kind]?.(head) === false ? `is no ${kind} file by its content` : null;
  } finally {
    await file.close();
  }
}

const whyNot = ({ code }: NodeJS.ErrnoException): string => {
  if (code === 'ENOENT') return 'is missing';
  return code === undefined ? 'is no file' : `cannot be read (${code})`;
};

/** An INF has some KiB; a file that only has the name of one is not read whole. */
const INF_MAX = 1024 * 1024;

async function readSmall(path: string): Promise<Buffer> {
  const file = await openRegularFile(path);
  try {
    const { size } = await file.stat();
    if (size > INF_MAX) throw new InfError(`has ${size} bytes: it is no INF`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

async function certificates(tree: Tree): Promise<string[]> {
  const entries = await readdir(join(tree.folder, CERTIFICATES)).catch(() => []);
  return entries.filter((name) => /\.cer$/i.test(name)).sort();
}

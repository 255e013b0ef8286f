import { AppError } from '#runtime';
import { type MEDIA_CODES, MediaError } from '../codes.js';
import {
  describeIso,
  ISO_MARKERS,
  ISO_TEXTS,
  type IsoFacts,
  type VendorIso,
  WINDOWS_IMAGES,
} from './vendor-iso.js';
import { bootEntries } from './el-torito.js';
import { type Extent, ImageFile, lengthOf } from './image-file.js';
import { Iso9660 } from './iso9660.js';
import { Udf } from './udf.js';
import { wimImages } from './wim.js';

/** `.treeinfo` of a DVD has some kilobytes. */
const MAX_TEXT_BYTES = 256 * 1024;

/**
 * What a vendor's ISO is, by what stands in it. Some hundred kilobytes are read, however large it is; nothing
 * is mounted or unpacked.
 * @throws AppError with the path and the way out: `media.vendor_iso_missing` (400), `media.vendor_iso_empty`,
 * `media.vendor_iso_html`,
 * `media.vendor_iso_not_iso`, `media.vendor_iso_truncated`, `media.vendor_iso_damaged`,
 * `media.vendor_iso_unknown`
 */
export async function identifyVendorIso(path: string): Promise<VendorIso> {
  return withVendorIso(path, async (file) => {
    const facts = await readFacts(file);
    const iso = describeIso(path, facts);
    if (!iso)
      throw fault(
        'media.vendor_iso_unknown',
        path,
        `is no install medium that is known here (volume id ${JSON.stringify(facts.volumeId)})`,
        'give the ISO of Windows 10 or later, Ubuntu, Fedora, RHEL, Rocky Linux or AlmaLinux as its vendor publishes it',
      );
    return iso;
  });
}

/** Opens it, and closes it whatever happens; what a damaged image lets fail is told with its path. */
export async function withVendorIso<T>(path: string, use: (file: ImageFile) => Promise<T>): Promise<T> {
  const file = await ImageFile.open(path).catch((error: NodeJS.ErrnoException) => {
    throw fault(
      'media.vendor_iso_missing',
      path,
      `cannot be read (${error.code ?? error.message})`,
      'give the path of a file that the media app may read',
    );
  });
  try {
    return await use(file);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw fault(
      'media.vendor_iso_damaged',
      path,
      `is damaged: ${error instanceof Error ? error.message : String(error)}`,
      'download it again and compare its sha256',
    );
  } finally {
    await file.close();
  }
}

/** What the rules need to know of an image. @throws AppError, Error for a damaged one */
export async function readFacts(file: ImageFile): Promise<IsoFacts> {
  const iso = await openVolume(file);
  // Windows keeps its files in UDF, and media that others made of it in ISO 9660.
  const udf = await Udf.open(file);
  checkWhole(file, Math.max(iso.volumeBytes, udf?.volumeBytes ?? 0));
  const boots = await bootEntries(file, iso);
  const markers = new Set<string>();
  for (const marker of ISO_MARKERS) if (await iso.has(marker)) markers.add(marker);
  const texts: IsoFacts['texts'] = {};
  for (const name of ISO_TEXTS) {
    const extents = await iso.find(name);
    if (extents) texts[name] = await text(file, extents);
  }
  let images: Extent[] | null = null;
  for (const name of WINDOWS_IMAGES) images ??= (await udf?.find(name)) ?? (await iso.find(name));
  return {
    volumeId: iso.label,
    uuid: iso.uuid,
    bios: boots.some(({ platform }) => platform === 'bios'),
    uefi: boots.some(({ platform }) => platform === 'uefi'),
    texts,
    markers,
    windows: images && (await wimImages(file, images)),
  };
}

async function openVolume(file: ImageFile): Promise<Iso9660> {
  if (file.size === 0) throw fault('media.vendor_iso_empty', file.path, 'is empty', 'download it again');
  const iso = await Iso9660.open(file);
  if (iso) return iso;
  const begin = (await file.read(0, Math.min(file.size, 1024))).toString('latin1');
  if (/^\s*(<!doctype\s+html|<html|<\?xml)/i.test(begin))
    throw fault(
      'media.vendor_iso_html',
      file.path,
      'is a web page, not an ISO',
      'the download was answered by a page: open it in an editor to see what it says, and download the file itself',
    );
  throw fault('media.vendor_iso_not_iso', file.path, 'is not an ISO image', "give the vendor's ISO");
}

function checkWhole(file: ImageFile, wanted: number): void {
  if (wanted <= file.size) return;
  throw fault(
    'media.vendor_iso_truncated',
    file.path,
    `has ${file.size} of the ${wanted} bytes that it says it has`,
    'the download broke off: continue it or download it again',
  );
}

async function text(file: ImageFile, extents: Extent[]): Promise<string> {
  const length = Math.min(lengthOf(extents), MAX_TEXT_BYTES);
  return (await file.readFrom(extents, 0, length)).toString('utf8');
}

function fault(
  code: keyof typeof MEDIA_CODES & `media.vendor_iso_${string}`,
  path: string,
  what: string,
  remedy: string,
): AppError {
  return new MediaError(code, `vendorIso: ${path} ${what}: ${remedy}`, { remedy });
}

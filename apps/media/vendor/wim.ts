import { parseWimXml, type WimImage } from './wim-xml.js';
import { type Extent, type ImageFile, lengthOf } from './image-file.js';

const HEADER = 208;
/** The XML of a medium with a dozen editions has about 60 KB. */
const MAX_XML_BYTES = 1024 * 1024;
const COMPRESSED = 0x04;

/**
 * The images of a WIM or ESD file inside an ISO: its header and its XML are read, nothing else, however large
 * it is. Source: Microsoft, "Windows Imaging File Format (WIM)": the XML resource is described at offset 72
 * of the header and is never compressed.
 * @throws Error when it is no WIM, or a damaged one
 */
export async function wimImages(file: ImageFile, extents: Extent[]): Promise<WimImage[]> {
  const header = await file.readFrom(extents, 0, HEADER);
  if (header.toString('latin1', 0, 8) !== 'MSWIM\0\0\0') throw new Error('is no WIM file');
  const resource = header.readBigUInt64LE(72);
  const size = Number(resource & 0xff_ffff_ffff_ffffn);
  const flags = Number(resource >> 56n);
  const offset = Number(header.readBigUInt64LE(80));
  if (flags & COMPRESSED || size > MAX_XML_BYTES || offset + size > lengthOf(extents))
    throw new Error('the description in the WIM file is damaged');
  const xml = await file.readFrom(extents, offset, size);
  return parseWimXml(xml.toString('utf16le').replace(/^\uFEFF/, ''));
}

import { XMLParser } from 'fast-xml-parser';

/** One image of a WIM file: an edition of Windows. */
export interface WimImage {
  /** Beginning with 1, as setup's InstallFrom counts. */
  index: number;
  name: string;
  /** Such as `Professional` or `ServerStandard`; empty when the image has none. */
  editionId: string;
  language: string | null;
  /** `Client`, `Server` or `Server Core`. */
  installationType: string;
  /** WIM's number: 0 x86, 9 x86_64, 12 aarch64. */
  architecture: number | null;
  build: number | null;
}

/** A medium has a dozen editions; messages name them all. */
const MAX_IMAGES = 256;

/** The `IMAGE` elements of a WIM's XML resource. @throws Error when it is no such XML */
export function parseWimXml(text: string): WimImage[] {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    parseTagValue: false,
    parseAttributeValue: false,
    isArray: (name) => name === 'IMAGE',
  });
  const wim = record(record(parser.parse(text) as unknown)['WIM']);
  const images = Array.isArray(wim['IMAGE']) ? (wim['IMAGE'] as unknown[]) : [];
  if (images.length === 0) throw new Error('the description in the WIM file names no image');
  if (images.length > MAX_IMAGES)
    throw new Error('the description in the WIM file names more images than there are');
  return images.map((image, position) => {
    const { '@INDEX': index, NAME: name, DISPLAYNAME: displayName, WINDOWS: windows } = record(image);
    const { ARCH, EDITIONID, INSTALLATIONTYPE, LANGUAGES, VERSION } = record(windows);
    return {
      index: number(index) ?? position + 1,
      name: string(name) || string(displayName),
      editionId: string(EDITIONID),
      language: string(record(LANGUAGES)['DEFAULT']) || null,
      installationType: string(INSTALLATIONTYPE),
      architecture: number(ARCH),
      build: number(record(VERSION)['BUILD']),
    };
  });
}

const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
const string = (value: unknown): string => (typeof value === 'string' ? value.trim() : '');
const number = (value: unknown): number | null => {
  const text = string(value);
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
};

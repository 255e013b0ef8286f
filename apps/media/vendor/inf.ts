/** What a driver's INF says of the package that it belongs to. */
export interface InfPackage {
  /** Catalog with the signature; null when the INF names none, and Windows then refuses the driver. */
  catalog: string | null;
  /** Files that it copies, relative to the INF, with `/` between folders. */
  files: string[];
}

export class InfError extends Error {}

/** Characters of a path in a driver package: Windows' own MAX_PATH. */
const MAX_PATH = 260;
/** Characters of a value in [Strings]; each may stand in a line many times. */
const MAX_STRING = 4096;
/** A driver package has a dozen files. */
const MAX_FILES = 1000;

/**
 * Reads an INF: sections, quoted values, comments, `%strings%`. Source: Microsoft, "General syntax rules for
 * INF files", "INF Version section", "INF SourceDisksFiles section", "INF SourceDisksNames section".
 * @param platform decorates sections that are for one architecture only: `amd64` or `arm64`
 * @throws InfError when it is none, or names more files or longer ones than a driver package has
 */
export function parseInf(bytes: Uint8Array, platform: 'amd64' | 'arm64'): InfPackage {
  const sections = readSections(decode(bytes));
  const version = sections.get('version');
  if (!version?.some(([key]) => key === 'signature'))
    throw new InfError('has no [Version] section with a Signature: it is no INF');
  const strings = new Map((sections.get('strings') ?? []).map(([key, value]) => [key, unquote(value)]));
  if ([...strings.values()].some((value) => value.length > MAX_STRING))
    throw new InfError(`has a string of more than ${MAX_STRING} characters`);
  const path = (value: string): string => {
    if (value.length > MAX_PATH) throw new InfError(`names a path of more than ${MAX_PATH} characters`);
    return value;
  };
  const text = (raw: string): string =>
    path(
      unquote(path(raw)).replace(/%([^%]*)%/g, (all, name: string) =>
        name === '' ? '%' : (strings.get(name.toLowerCase()) ?? all),
      ),
    );
  // The decorated form is for this platform and comes before the plain one.
  const catalog = [`catalogfile.nt${platform}`, 'catalogfile.nt', 'catalogfile']
    .map((wanted) => version.find(([key]) => key === wanted)?.[1])
    .find((value) => value !== undefined);
  const named = (name: string): [string, string][] => [
    ...(sections.get(`${name}.${platform}`) ?? []),
    ...(sections.get(name) ?? []),
  ];
  // Disk number to its folder: the fourth field of SourceDisksNames.
  const folders = new Map(
    named('sourcedisksnames').map(([disk, value]) => [disk, text(fields(value)[3] ?? '')]),
  );
  const copied = named('sourcedisksfiles');
  if (copied.length > MAX_FILES) throw new InfError(`names more than ${MAX_FILES} files`);
  const files = copied.map(([file, value]) => {
    const [disk = '', subfolder = ''] = fields(value).map(text);
    return [folders.get(disk) ?? '', subfolder, text(file)]
      .map(slashes)
      .filter((part) => part !== '')
      .join('/');
  });
  return { catalog: catalog ? text(catalog) : null, files: [...new Set(files)] };
}

function decode(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes);
  if (buffer[0] === 0xff && buffer[1] === 0xfe) return buffer.toString('utf16le', 2);
  return buffer.toString('utf8').replace(/^\uFEFF/, '');
}

const slashes = (path: string): string => path.replaceAll('\\', '/').replace(/^[./]+|\/+$/g, '');

/**
 * Section and key names in lower case, as Windows compares them; a line without `=` is a key without a value.
 */
function readSections(text: string): Map<string, [key: string, value: string][]> {
  const sections = new Map<string, [string, string][]>();
  let current: [string, string][] | null = null;
  // A backslash at a line's end goes on in the next.
  for (const raw of text.replace(/\\[ \t]*\r?\n/g, '').split(/\r?\n/)) {
    const line = withoutComment(raw).trim();
    const [, header] = /^\[(.+)\]$/.exec(line) ?? [];
    if (header !== undefined) {
      const name = header.trim().toLowerCase();
      current = sections.get(name) ?? [];
      sections.set(name, current);
    } else if (line !== '' && current) {
      const at = line.indexOf('=');
      current.push(at < 0 ? [key(line), ''] : [key(line.slice(0, at)), line.slice(at + 1).trim()]);
    }
  }
  return sections;
}

const key = (raw: string): string => unquote(raw.trim()).toLowerCase();

function withoutComment(line: string): string {
  let quoted = false;
  for (let at = 0; at < line.length; at += 1) {
    if (line[at] === '"') quoted = !quoted;
    if (line[at] === ';' && !quoted) return line.slice(0, at);
  }
  return line;
}

/** Two quotes inside quotes are one. */
function unquote(raw: string): string {
  const text = raw.trim();
  return /^".*"$/s.test(text) ? text.slice(1, -1).replaceAll('""', '"') : text;
}

function fields(value: string): string[] {
  const parts: string[] = [''];
  let quoted = false;
  for (const character of value) {
    if (character === '"') quoted = !quoted;
    if (character === ',' && !quoted) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts.map((part) => part.trim());
}

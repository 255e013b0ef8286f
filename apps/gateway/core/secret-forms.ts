/** Shorter values are not looked for: they would cross out half of every output. */
const SHORTEST_SECRET = 4;
/** Bytes of all forms together; what is looked for takes some 20 times as much memory for each run. */
const MOST_BYTES = 524_288;

/** Bytes to look for. */
export interface SecretForm {
  bytes: Buffer;
  /** Base64, which programs wrap: line breaks within it count for nothing. */
  wraps: boolean;
  /** What the byte before may be where it holds bits of the secret too, beside bits of what it follows. */
  before: readonly number[];
  /** The same of the byte behind. */
  after: readonly number[];
}

type Escape = (character: string) => string;

const mapped = (value: string, escape: Escape): string => Array.from(value, escape).join('');
const isAscii = (character: string): boolean => character < '\u0080';
const isPrintable = (character: string): boolean => /[ -~]/.test(character);

/**
 * `$'…'` as bash writes it (`printf %q`, `${name@Q}`, traces of `set -x`): bash 5.2, lib/sh/strtrans.c,
 * ansic_quote. Locales that know the character leave it as it is.
 */
const NAMED: Record<string, string> = {
  '\u0007': String.raw`\a`,
  '\b': String.raw`\b`,
  '\u001b': String.raw`\E`,
  '\f': String.raw`\f`,
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
  '\v': String.raw`\v`,
  '\\': String.raw`\\`,
  "'": String.raw`\'`,
};
const octal: Escape = (character) =>
  Array.from(Buffer.from(character), (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
const ansi =
  (keepsCharacter: (character: string) => boolean): Escape =>
  (character) =>
    NAMED[character] ?? (keepsCharacter(character) ? character : octal(character));
const inAnyLocale: Escape = ansi(isPrintable);
const inUtf8: Escape = ansi((character) => isPrintable(character) || !isAscii(character));

/** `printf %q` of a value without control characters: bash 5.2, lib/sh/shquote.c, sh_backslash_quote. */
function backslashed(value: string): string {
  return value
    .replace(/[\s'"\\|&;()<>!{}*[\]?^$`,]/g, String.raw`\$&`)
    .replace(/(^|[=:])~/g, String.raw`$1\~`)
    .replace(/^#/, String.raw`\#`);
}

/** coreutils' printf %q and GNU ls: `'it'\''s'$'\n''…'`. */
function shellEscaped(value: string, escape: Escape): string {
  return value.replaceAll("'", String.raw`'\''`).replace(/[^ -~]+/g, (run) => {
    const escaped = mapped(run, escape);
    return escaped === run ? run : `'$'${escaped}''`;
  });
}

const shells = (value: string): string[] => [
  value.replaceAll("'", String.raw`'\''`),
  value.replaceAll("'", `'"'"'`),
  // PowerShell.
  value.replaceAll("'", "''"),
  // Between double quotes: bash's declare -p.
  value.replace(/["$`\\]/g, String.raw`\$&`),
  backslashed(value),
  mapped(value, inUtf8),
  mapped(value, inAnyLocale),
  shellEscaped(value, inUtf8),
  shellEscaped(value, inAnyLocale),
];

/** `\uXXXX` in place of each unit of UTF-16 in the class `units`; JSON's own escapes elsewhere. */
function json(value: string, units: string): string[] {
  const asCode = new RegExp(`[${units}]`);
  const found = new RegExp(String.raw`[${units}]|[\0-\x1f"\\]`, 'g');
  const written = (code: (hex: string) => string): string =>
    value.replace(found, (unit) =>
      asCode.test(unit)
        ? `\\u${code(unit.charCodeAt(0).toString(16).padStart(4, '0'))}`
        : JSON.stringify(unit).slice(1, -1),
    );
  return [written((hex) => hex), written((hex) => hex.toUpperCase())];
}

const BEYOND_ASCII = String.raw`\x80-\uffff`;
const jsons = (value: string): string[] => [
  JSON.stringify(value).slice(1, -1),
  // Only what has to be: Python, jq -a, and with `\/` PHP.
  ...json(value, BEYOND_ASCII),
  ...json(value, BEYOND_ASCII).map((form) => form.replaceAll('/', String.raw`\/`)),
  // What HTML would take for its own: Go, PowerShell 5.1.
  ...json(value, String.raw`<>&\u2028\u2029`),
  ...json(value, String.raw`<>&'\u0085\u2028\u2029`),
  // System.Text.Json.
  ...json(value, `${BEYOND_ASCII}<>&'"+\``),
  // Whoever takes no risk.
  ...json(value, String.raw`^\dA-Za-z`),
];

/** `%XX` in place of each byte but letters, digits and those in the class `kept`. */
function percent(value: string, kept: string): string[] {
  // Latin 1 has a character for each byte.
  const upper = Buffer.from(value)
    .toString('latin1')
    .replace(
      new RegExp(String.raw`[^\dA-Za-z${kept}]`, 'g'),
      (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`,
    );
  const lower = upper.replace(/%[\dA-F]{2}/g, (code) => code.toLowerCase());
  return [upper, lower].flatMap((form) => [form, form.replaceAll('%20', '+')]);
}

const percents = (value: string): string[] => [
  // encodeURIComponent, RFC 3986 (curl, jq), Python's quote, and forms (WHATWG's URL standard).
  ...percent(value, "_.!~*'()-"),
  ...percent(value, '_.~-'),
  ...percent(value, '_.~/-'),
  ...percent(value, '_.*-'),
];

const ALPHABETS = ['+/', '-_'].map(
  (last) => `ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789${last}`,
);

/** Six bits as characters of base64 and of base64url. */
const characters = (sixes: readonly number[]): number[] =>
  ALPHABETS.flatMap((alphabet) => sixes.map((six) => alphabet.charCodeAt(six)));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/**
 * A value in base64, whatever stands before it: its bytes begin at the first, second or third of a group of
 * three. Only characters that the value alone decides are looked for; those at its ends, which hold the bits
 * of a neighbour too, are crossed out with them.
 */
function base64(value: string): SecretForm[] {
  const bytes = Buffer.from(value);
  const [firstByte = 0, lastByte = 0] = [bytes[0], bytes.at(-1)];
  return upTo(3).flatMap((offset) => {
    const bits = 8 * (offset + bytes.length);
    const first = Math.ceil((8 * offset) / 6);
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .slice(first, Math.floor(bits / 6));
    const [ofFirst, ofLast] = [6 * first - 8 * offset, bits % 6];
    const before = upTo(2 ** (6 - ofFirst)).map((other) => (other << ofFirst) | (firstByte >> (8 - ofFirst)));
    const after = upTo(2 ** (6 - ofLast)).map(
      (other) => ((lastByte & (2 ** ofLast - 1)) << (6 - ofLast)) | other,
    );
    return [text, text.replaceAll('+', '-').replaceAll('/', '_')].map((form) => ({
      bytes: Buffer.from(form),
      wraps: true,
      before: ofFirst > 0 ? characters(before) : [],
      after: ofLast > 0 ? characters(after) : [],
    }));
  });
}

const plain = (text: string): SecretForm => ({
  bytes: Buffer.from(text),
  wraps: false,
  before: [],
  after: [],
});

/**
 * The forms in which a script may print the values that it was given: as they are and line by line, and
 * both as shells, JSON, URLs and base64 write them. All of them while these have half a mebibyte at most
 * (values of some 10 KiB), beyond that the likely ones.
 */
export function formsOf(secrets: readonly string[]): SecretForm[] {
  const values = [
    ...new Set([
      ...secrets.flatMap((secret) => [secret, secret.trim()]),
      ...secrets.flatMap((secret) => secret.split(/[\r\n]+/).map((line) => line.trim())),
    ]),
  ].filter((value) => value.length >= SHORTEST_SECRET);
  const found = new Map<string, SecretForm>();
  let room = MOST_BYTES;
  for (const writtenBy of WRITERS) {
    for (const value of values) {
      for (const form of writtenBy(value)) {
        const { before, after, bytes } = form;
        const key = `${before.length} ${before[0]} ${after.length} ${after[0]} ${bytes.toString('latin1')}`;
        if (bytes.length < SHORTEST_SECRET || bytes.length > room || found.has(key)) continue;
        found.set(key, form);
        room -= bytes.length;
      }
    }
  }
  return [...found.values()];
}

/** No shell, JSON or URL writes such a value in another way. */
const isBare = (value: string): boolean => /^[\dA-Za-z]*$/.test(value);
const unique = (texts: string[]): SecretForm[] => Array.from(new Set(texts), plain);

/** The likely first. */
const WRITERS: ((value: string) => SecretForm[])[] = [
  (value) => [plain(value)],
  base64,
  (value) => (isBare(value) ? [] : unique([...shells(value), ...jsons(value), ...percents(value)])),
];

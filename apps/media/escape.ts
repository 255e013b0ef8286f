/** One function per language: the only places where a value enters it. YAML is written by a library. */

/**
 * A word of POSIX sh. Nothing is special between single quotes. @throws Error for NUL, which no shell can
 * carry
 */
export function shWord(value: string): string {
  if (value.includes('\0')) throw new Error('a shell word cannot contain NUL');
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

/** A value inside a QEMU option list: a comma is doubled (QEMU manual, "-device"). */
export function qemuValue(value: string): string {
  return value.replaceAll(',', ',,');
}

/**
 * Text or a double-quoted attribute of XML 1.0. @throws Error for characters that XML cannot carry in any
 * form
 */
export function xmlText(value: string): string {
  if (/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/.test(value))
    throw new Error('XML cannot carry control characters');
  return value.replace(/[&<>"'\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * What Python's `str.splitlines` takes for the end of a line, by which pykickstart cuts a file; NUL ends a
 * word of the kernel.
 */
const KICKSTART_LINE_END = /[\0\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/;

/**
 * A word of a kickstart command line, which pykickstart reads with `shlex.split` in POSIX mode: nothing is
 * special between single quotes.
 * @throws Error for what ends a line there in any form, and for half a surrogate pair, which UTF-8 cannot
 * carry
 */
export function ksWord(value: string): string {
  if (KICKSTART_LINE_END.test(value)) throw new Error('a kickstart line cannot carry the end of a line');
  if (!value.isWellFormed()) throw new Error('a kickstart file cannot carry half a character');
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

/** True when `ksWord` takes it. */
export const isKickstartText = (value: string): boolean =>
  !KICKSTART_LINE_END.test(value) && value.isWellFormed();

/**
 * A word of GRUB's script language. Nothing is special between single quotes, a backslash neither (GRUB
 * manual, "Quoting").
 * @throws Error for control characters: a line break ends a command of the rescue shell, and NUL ends every
 * string
 */
export function grubWord(value: string): string {
  if (/\p{Cc}/u.test(value)) throw new Error('a GRUB word cannot contain control characters');
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

/**
 * A volume label inside a kernel argument such as `inst.stage2=hd:LABEL=…`: udev's spelling, which Anaconda
 * compares with, where every byte that is not a plain character is `\x` and two digits (udev's
 * `ENV{ID_FS_LABEL_ENC}`). Spaces end an argument, quotes begin one.
 * @throws Error for a colon, at which dracut ends the label
 */
export function labelArgument(label: string): string {
  if (label.includes(':')) throw new Error('dracut reads a label as far as the next colon');
  return label.replace(
    /[^A-Za-z0-9#+\-.=@_\u0080-\u{10FFFF}]/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

/**
 * Text or attribute of XML 1.0 in plain ASCII: what lies outside is a character reference, so that no reader
 * can take the file for another encoding.
 * @throws Error for characters that XML cannot carry in any form, half surrogate pairs among them
 */
export function xmlAscii(value: string): string {
  if (/\p{Cs}/u.test(value)) throw new Error('XML cannot carry half a surrogate pair');
  return xmlText(value).replace(/[^ -~]/gu, (character) => `&#${character.codePointAt(0)};`);
}

/** A value of JSON in plain ASCII, which Windows PowerShell 5.1 reads alike in every code page. */
export function jsonAscii(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(
    /[^\n -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * An expression of VBScript that is the text: quotes are doubled, and what is not printable ASCII stands as
 * ChrW of its UTF-16 unit (VBScript language reference, "ChrW"), so that neither a line end nor a code page
 * can change it.
 */
export function vbsString(value: string): string {
  const parts = value.match(/[ -~]+|[^ -~]/g) ?? [];
  if (parts.length === 0) return '""';
  return parts
    .map((part) =>
      /^[ -~]/.test(part) ? `"${part.replaceAll('"', '""')}"` : `ChrW(&H${part.charCodeAt(0).toString(16)})`,
    )
    .join(' & ');
}

/** One function per language: the only places where a value enters it. YAML is written by a library. */

/** A word of POSIX sh. Nothing is special between single quotes. @throws Error for NUL, which no shell can carry */
export function shWord(value: string): string {
  if (value.includes('\0')) throw new Error('a shell word cannot contain NUL');
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

/** A value inside a QEMU option list: a comma is doubled (QEMU manual, "-device"). */
export function qemuValue(value: string): string {
  return value.replaceAll(',', ',,');
}

/** Text or a double-quoted attribute of XML 1.0. @throws Error for characters that XML cannot carry in any form */
export function xmlText(value: string): string {
  if (/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/.test(value))
    throw new Error('XML cannot carry control characters');
  return value.replace(/[&<>"'\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * A word of GRUB's script language. Nothing is special between single quotes, a backslash neither (GRUB manual, "Quoting").
 * @throws Error for control characters: a line break ends a command of the rescue shell, and NUL ends every string
 */
export function grubWord(value: string): string {
  if (/\p{Cc}/u.test(value)) throw new Error('a GRUB word cannot contain control characters');
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

/**
 * A volume label inside a kernel argument such as `inst.stage2=hd:LABEL=…`: udev's spelling, which Anaconda compares with, where every
 * byte that is not a plain character is `\x` and two digits (udev's `ENV{ID_FS_LABEL_ENC}`). Spaces end an argument, quotes begin one.
 * @throws Error for a colon, at which dracut ends the label
 */
export function labelArgument(label: string): string {
  if (label.includes(':')) throw new Error('dracut reads a label as far as the next colon');
  return label.replace(
    /[^A-Za-z0-9#+\-.=@_\u0080-\u{10FFFF}]/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

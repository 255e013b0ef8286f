import type { Shell } from '../api/fields.js';

/** A value that cannot be written safely in a shell's language. */
export class UnquotableError extends Error {}

/**
 * Writes a value as one word of a shell's language. Each function is the only place where a user's value
 * enters that language.
 * @throws UnquotableError for NUL (no shell can carry it) and for line breaks in cmd
 */
export function quoteFor(shell: Shell, value: string): string {
  if (value.includes('\0')) throw new UnquotableError('contains NUL');
  switch (shell) {
    case 'BASH':
    case 'SH':
      return quotePosix(value);
    case 'POWERSHELL':
      return quotePowerShell(value);
    case 'CMD':
      return quoteCmd(value);
    default:
      return shell satisfies never;
  }
}

/** Writes a number or a boolean as a shell's own: PowerShell's `if ('false')` is true. */
export function nativeFor(shell: Shell, value: number | boolean): string {
  if (typeof value === 'number') return String(value);
  return shell === 'POWERSHELL' ? `$${value}` : String(value);
}

/** Nothing is special between single quotes; a quote ends them, stands escaped, and opens them again. */
function quotePosix(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

/**
 * In a single-quoted PowerShell string only quotes are special, and PowerShell takes typographic ones for
 * them too: each is doubled.
 */
function quotePowerShell(value: string): string {
  return `'${value.replaceAll(/['\u2018\u2019\u201A\u201B]/g, '$&$&')}'`;
}

/**
 * Inside double quotes cmd still expands %NAME% and, when delayed expansion is on, !NAME!; a quote ends the
 * string. Percent signs are doubled, which a batch file turns back into one; a double quote is written twice,
 * which programs read as one.
 */
function quoteCmd(value: string): string {
  if (/[\r\n]/.test(value))
    throw new UnquotableError('contains a line break, which cmd cannot carry in a value');
  return `"${value.replaceAll('%', '%%').replaceAll('"', '""')}"`;
}

import { type Fault, valueAt } from '#protocol';

export { didYouMean } from '#protocol';

const SHOWN_MAX = 80;

/** A value as a fault shows it. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX - 1)}…` : text;
}

const SECRET = /passw|passphrase|secret|token$|^key$/i;

/**
 * The value at a path as a fault shows it; of a secret, of what is missing and of what has parts it shows
 * none.
 */
export function shownAt(
  root: unknown,
  path: readonly PropertyKey[],
  above: readonly PropertyKey[] = [],
): Pick<Fault, 'value'> {
  const value = valueAt(root, path);
  const secret = [...above, ...path].some((step) => typeof step === 'string' && SECRET.test(step));
  return value === undefined || secret || (typeof value === 'object' && value !== null)
    ? {}
    : { value: shown(value) };
}

/**
 * The known name of which another is a slip of the keyboard: they differ in one place, of three letters at
 * most.
 */
export function slipOf(name: string, known: readonly string[]): string | null {
  return known.find((other) => other !== name && differingLetters(name, other) <= 3) ?? null;
}

function differingLetters(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < shorter - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  return Math.max(a.length, b.length) - start - end;
}

/** Sorted by line, those of the whole file first; the order of one line's faults stays. */
export function inFileOrder(faults: Fault[]): Fault[] {
  return [...faults].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

import { type Fault, nearest } from '#protocol';

const SHOWN_MAX = 80;

/** A value as a fault shows it. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX - 1)}…` : text;
}

/** "did you mean …?" for a name that nearly is one of the known, or what else to do. */
export function didYouMean(name: string, known: readonly string[], otherwise: string): string {
  const near = nearest(name, known);
  return near === null ? otherwise : `did you mean ${near}?`;
}

/** The known name of which another is a slip of the keyboard: they differ in one place, of three letters at most. */
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

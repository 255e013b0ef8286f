import { nearest } from '#protocol';

/** One thing that is wrong in a finished answer file. */
export interface AnswerFault {
  /** Where: dotted in YAML (`autoinstall.identity.password`), `command --option` in a kickstart, `pass/component/element` in XML; empty for the whole file. */
  path: string;
  /** What stands there, at most 80 characters; never there for passwords. */
  value?: string;
  message: string;
  /** The way out. */
  remedy: string;
  /** First line is 1. */
  line?: number;
}

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

/** What is wrong with a value that must be one of a few words, or null. */
export function wordFault(
  value: string,
  known: readonly string[],
  what: string,
): { message: string; remedy: string } | null {
  if (known.includes(value)) return null;
  const list = `use one of ${known.join(', ')}`;
  return {
    message: `${JSON.stringify(shown(value))} is not a known ${what}`,
    remedy:
      known.length > 12
        ? didYouMean(value, known, `give a known ${what}`)
        : `${didYouMean(value, known, list)}`,
  };
}

/** Sorted by line, those of the whole file first; the order of one line's faults stays. */
export function inFileOrder(faults: AnswerFault[]): AnswerFault[] {
  return [...faults].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

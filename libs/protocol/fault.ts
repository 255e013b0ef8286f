import { nearest } from './nearest.js';

/**
 * One fault in something that was handed in: a request, a script's inputs, an answer file. Whoever finds
 * several tells them all at once.
 */
export interface Fault {
  /**
   * Dotted: `users.0.name` in a request and in YAML, `command --option` in a kickstart,
   * `pass/component/element` in XML; empty for the whole of it.
   */
  path: string;
  /** What is wrong, in words that follow the path: `is missing`, `must be a whole number of seconds`. */
  message: string;
  /** The way out. */
  remedy: string;
  /** `warning`: it is allowed and worth knowing. Absent: an error. */
  severity?: 'error' | 'warning';
  /** What stands there, shortened; never there for secrets. */
  value?: string;
  /** In a file; the first is 1. */
  line?: number;
}

/**
 * A fault as the rule of a schema finds it, in steps below the value that the rule looks at: a key may hold a
 * dot.
 */
export interface FaultBelow extends Pick<Fault, 'message' | 'remedy'> {
  path: PropertyKey[];
}

/** The steps of a dotted path whose keys hold no dot: `users.0.name` is `users`, 0, `name`. */
export function stepsOf(path: string): (string | number)[] {
  return path === '' ? [] : path.split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

/** "did you mean …?" for a name that nearly is one of the known, or what else to do. */
export function didYouMean(name: string, known: readonly string[], otherwise: string): string {
  const near = nearest(name, known);
  return near === null ? otherwise : `did you mean ${near}?`;
}

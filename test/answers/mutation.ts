import type { Fault } from '../../libs/protocol/index.js';
import { faultsOf, readSubject, type Subject } from './subjects.js';

/** One thing made wrong in a file that is right, and the fault that must be told for it. */
export interface Mutation {
  name: string;
  file: Subject;
  /** The first place of this text … */
  from: string;
  /** … becomes this. */
  to: string;
  /** Path of the fault. */
  path: string;
  /** Words of its message or remedy. */
  says: string;
}

/** A row of a table: name, from, to, path, says. */
export type Row = [name: string, from: string, to: string, path: string, says: string];

export const of = (file: Subject, rows: Row[]): Mutation[] =>
  rows.map(([name, from, to, path, says]) => ({ name, file, from, to, path, says }));

export interface Outcome {
  mutation: Mutation;
  /** The fault that was to be told, or null. */
  fault: Fault | null;
  /** Everything that was told. */
  faults: Fault[];
}

/**
 * Makes the change and looks for the fault. Refused for another reason is not refused.
 * @throws Error when the text to change is not there: the table is out of date
 */
export function tryMutation(mutation: Mutation): Outcome {
  const { text } = readSubject(mutation.file);
  if (!text.includes(mutation.from))
    throw new Error(`${mutation.name}: ${mutation.file} does not hold ${mutation.from}`);
  // A function, so that `$` in it stays one.
  const changed = text.replace(mutation.from, () => mutation.to);
  if (changed === text) throw new Error(`${mutation.name}: nothing was changed`);
  const faults = faultsOf(mutation.file, changed);
  const fault = faults.find(
    ({ path, message, remedy }) => path === mutation.path && `${message}; ${remedy}`.includes(mutation.says),
  );
  return { mutation, fault: fault ?? null, faults };
}

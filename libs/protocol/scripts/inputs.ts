import type { Shell } from '../api/fields.js';
import { type JudgedPlaceholders, placeholdersIn } from './placeholders.js';
import { nativeFor, quoteFor, UnquotableError } from './quoting.js';

export class InputError extends Error {}

type Values = Readonly<Record<string, string | number | boolean>>;

/**
 * Puts the inputs into a script: `${{ inputs.name }}` becomes the value, quoted for the script's shell. A
 * value that contains such a placeholder is not expanded again.
 * @param judged of the version; null for one that nobody judged: everything is quoted, comments too
 * @param options.assign for an agent that passes no environment: the variables that the text names are
 * assigned in it
 * @throws InputError naming the input that is missing or cannot be written, or why there is no place for
 * assignments
 */
export function substituteInputs(
  shell: Shell,
  content: string,
  values: Values,
  judged: JudgedPlaceholders | null = null,
  { assign = false }: { assign?: boolean } = {},
): string {
  const comments = new Set(judged?.comments);
  const pieces: string[] = [];
  const assignments = assign ? assignmentsFor(shell, content, values) : '';
  const assignAt = assignments === '' ? null : (judged?.assignAt ?? null);
  if (assignments !== '' && assignAt === null)
    throw new InputError(
      'the script names variables of its inputs, which this agent does not pass, and has no place for assignments',
    );
  let at = 0;
  let isAssigned = false;
  const upTo = (end: number): void => {
    if (assignAt !== null && at <= assignAt && assignAt <= end && !isAssigned) {
      pieces.push(content.slice(at, assignAt), assignments, content.slice(assignAt, end));
      isAssigned = true;
    } else pieces.push(content.slice(at, end));
    at = end;
  };
  for (const { name, start, end } of placeholdersIn(content)) {
    upTo(start);
    pieces.push(
      comments.has(start) ? content.slice(start, end) : written(shell, name, values, judged?.native),
    );
    at = end;
  }
  upTo(content.length);
  return pieces.join('');
}

function written(shell: Shell, name: string, values: Values, native = false): string {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value === undefined) throw new InputError(`the script uses inputs.${name}, which has no value`);
  if (native && typeof value !== 'string') return nativeFor(shell, value);
  try {
    return quoteFor(shell, String(value));
  } catch (error) {
    if (error instanceof UnquotableError) throw new InputError(`the input ${name} ${error.message}`);
    throw error;
  }
}

/** The variable that carries an input; two inputs that differ in case only would have one. */
export const inputVariable = (name: string): string => `INFINIBAY_INPUT_${name.toUpperCase()}`;

/** Assignments of the variables that a text names, each on a line; empty when it names none. */
function assignmentsFor(shell: Shell, content: string, values: Values): string {
  const used = Object.entries(values).filter(([name]) =>
    new RegExp(
      String.raw`(?<!\w)${inputVariable(name)}(?!\w)`,
      shell === 'POWERSHELL' || shell === 'CMD' ? 'i' : '',
    ).test(content),
  );
  if (used.length === 0) return '';
  const lines = used.map(([name, value]) => assignment(shell, inputVariable(name), String(value)));
  // In front of what may go on behind `param(…)` on the same line.
  return shell === 'POWERSHELL' ? `\n${lines.join('\n')}\n` : `${lines.join('\n')}\n`;
}

function assignment(shell: Shell, variable: string, value: string): string {
  switch (shell) {
    case 'BASH':
    case 'SH':
      return `export ${variable}=${quoteFor(shell, value)}`;
    case 'POWERSHELL':
      return `$env:${variable} = ${quoteFor(shell, value)}`;
    case 'CMD':
      throw new InputError(
        `the script names ${variable}, which this agent does not pass and cmd cannot be given safely`,
      );
    default:
      return shell satisfies never;
  }
}

/** The inputs as the script's environment sees them. */
export function inputEnvironment(values: Values): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [inputVariable(name), String(value).replaceAll('\0', '')]),
  );
}

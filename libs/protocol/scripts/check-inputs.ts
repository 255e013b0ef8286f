import type { Fault } from '../fault.js';
import type { InputValues, Shell } from '../api/fields.js';
import type { ScriptInput } from '../api/scripts.js';
import { CHANNEL_LIMITS } from '../channel/limits.js';
import { InputError, substituteInputs } from './inputs.js';

/**
 * Whether the whole of a text matches a pattern, in a time that is linear in its length; null for a pattern
 * of which that cannot be told.
 */
type MatchesWhole = (pattern: string, text: string) => boolean | null;

/**
 * Checks the given inputs against a script's declarations, and that the script still fits the channel with
 * them.
 * @returns the values with defaults filled in, and every fault
 */
export function checkInputs(
  script: { shell: Shell; content: string; inputs: readonly ScriptInput[] },
  given: InputValues,
  matchesWhole: MatchesWhole,
): { values: InputValues; faults: Fault[] } {
  const faults: Fault[] = [];
  const fault = (name: string, message: string, remedy: string): void =>
    void faults.push({ path: `inputs.${name}`, message, remedy });
  const values: InputValues = {};
  for (const name of Object.keys(given)) {
    if (script.inputs.some((input) => input.name === name)) continue;
    const names = script.inputs.map((input) => input.name).join(', ');
    fault(
      name,
      'the script has no such input',
      names ? `its inputs are ${names}` : 'leave inputs out: the script has none',
    );
  }
  for (const input of script.inputs) {
    const value = Object.hasOwn(given, input.name) ? given[input.name] : input.default;
    if (value === undefined) {
      if (input.required) fault(input.name, 'is required', `give a ${input.type}`);
      else values[input.name] = '';
      continue;
    }
    const wrong = wrongValue(input, value, matchesWhole);
    if (wrong) fault(input.name, ...wrong);
    else values[input.name] = value;
  }
  if (faults.length === 0) checkSize(script, values, faults);
  return { values, faults };
}

function wrongValue(
  input: ScriptInput,
  value: string | number | boolean,
  matchesWhole: MatchesWhole,
): [string, string] | null {
  const expected = input.type === 'number' ? 'number' : input.type === 'boolean' ? 'boolean' : 'string';
  if (typeof value !== expected)
    return [`must be a ${expected}, not a ${typeof value}`, `give a ${expected}`];
  if (input.type === 'select' && !input.options?.includes(String(value)))
    return ['is not one of the options', `choose from ${input.options?.join(', ')}`];
  if (typeof value === 'string' && value.includes('\0')) return ['contains NUL', 'remove it'];
  const matches = input.pattern === undefined ? true : matchesWhole(input.pattern, String(value));
  if (matches === null)
    return [
      `the script's pattern ${input.pattern} cannot be matched in linear time`,
      'save the script with another pattern',
    ];
  return matches ? null : [`does not match ${input.pattern}`, 'correct the value'];
}

function checkSize(script: { shell: Shell; content: string }, values: InputValues, faults: Fault[]): void {
  try {
    const bytes = Buffer.byteLength(substituteInputs(script.shell, script.content, values));
    if (bytes <= CHANNEL_LIMITS.scriptContent) return;
    faults.push({
      path: 'inputs',
      message: `the script has ${bytes} bytes with these inputs; the channel carries ${CHANNEL_LIMITS.scriptContent}`,
      remedy: 'let the script fetch large data itself',
    });
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    faults.push({
      path: 'inputs',
      message: error.message,
      remedy: 'declare the input in the script or correct its value',
    });
  }
}

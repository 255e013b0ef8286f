import type { Shell } from '../api/fields.js';
import { quoteFor, UnquotableError } from './quoting.js';

export class InputError extends Error {}

const PLACEHOLDER = /\$\{\{\s*inputs\.([A-Za-z_]\w*)\s*\}\}/g;

/**
 * Puts the inputs into a script: `${{ inputs.name }}` becomes the value, quoted for the script's shell. A
 * value that contains such a placeholder is not expanded again.
 * @throws InputError naming the input that is missing or cannot be written
 */
export function substituteInputs(
  shell: Shell,
  content: string,
  values: Readonly<Record<string, string | number | boolean>>,
): string {
  return content.replace(PLACEHOLDER, (_whole, name: string) => {
    if (!Object.hasOwn(values, name))
      throw new InputError(`the script uses inputs.${name}, which has no value`);
    try {
      return quoteFor(shell, String(values[name]));
    } catch (error) {
      if (error instanceof UnquotableError) throw new InputError(`the input ${name} ${error.message}`);
      throw error;
    }
  });
}

/** The inputs as the script's environment sees them. */
export function inputEnvironment(
  values: Readonly<Record<string, string | number | boolean>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `INFINIBAY_INPUT_${name.toUpperCase()}`,
      String(value).replaceAll('\0', ''),
    ]),
  );
}

import { inputContext, type ScriptExecution } from '#db';
import { InputError } from '#protocol';
import { unseal } from '#secrets';
import type { GatewayConfig } from '../config.js';

type Owner = Pick<ScriptExecution, 'scriptId' | 'inputValues'>;

/** A row's inputs with its passwords opened. @throws InputError when one cannot be */
export function openInputs(
  { SECRETS_KEY: key }: Pick<GatewayConfig, 'SECRETS_KEY'>,
  row: Owner,
): Record<string, string | number | boolean> {
  const values: Record<string, string | number | boolean> = {};
  for (const [name, stored] of Object.entries(row.inputValues)) {
    if (typeof stored !== 'object') {
      values[name] = stored;
      continue;
    }
    if (key === undefined)
      throw new InputError(`the input ${name} is sealed and this gateway has no SECRETS_KEY`);
    try {
      values[name] = unseal(key, inputContext(row.scriptId, name), stored.sealed);
    } catch {
      throw new InputError(`the input ${name} was sealed under another SECRETS_KEY`);
    }
  }
  return values;
}

/**
 * The passwords among a row's inputs, for crossing them out of what the script prints. One that cannot be
 * opened never reached the script.
 */
export function secretsOf(config: Pick<GatewayConfig, 'SECRETS_KEY'>, row: Owner): string[] {
  return Object.entries(row.inputValues).flatMap(([name, stored]) => {
    if (typeof stored !== 'object') return [];
    try {
      return [String(openInputs(config, { ...row, inputValues: { [name]: stored } })[name])];
    } catch {
      return [];
    }
  });
}

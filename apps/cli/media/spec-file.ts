import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { checkRequest } from '#answers';
import { CommandError, EXIT } from '../exit-codes.js';
import { faultList } from '../output/fault-text.js';
import type { Terminal } from '../output/terminal.js';

/** A file's text; `-` is standard input. @throws CommandError (2) when it cannot be read */
export async function readInput(path: string, terminal: Terminal): Promise<string> {
  try {
    return path === '-' ? await readAll(terminal.stdin) : await readFile(path, 'utf8');
  } catch (error) {
    throw new CommandError(
      EXIT.usage,
      `${path}: cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}): name a readable file, or - for standard input`,
      { cause: error },
    );
  }
}

/**
 * A request as it was written, for the console to check. @throws CommandError (2) when it is neither YAML nor
 * JSON
 */
export async function readSpec(path: string, terminal: Terminal): Promise<unknown> {
  const { value, faults } = checkRequest(await readInput(path, terminal));
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  const why = faults.length > 0 ? `\n${faultList(faults)}` : '';
  throw new CommandError(EXIT.usage, `${path}: must be a request in YAML or JSON: a mapping of fields${why}`);
}

/**
 * Whether a request brings a password in plain words: it goes to the console, which makes a hash of it at
 * once.
 */
export function hasPassword(spec: unknown): boolean {
  const users: unknown = (spec as { users?: unknown } | null)?.users;
  return (
    Array.isArray(users) &&
    users.some((user: unknown) => typeof (user as { password?: unknown } | null)?.password === 'string')
  );
}

/** For showing: without passwords. */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      /^password/i.test(key) && typeof inner === 'string' ? '•••' : withoutSecrets(inner),
    ]),
  );
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CliConfig } from '../config.js';
import { CommandError, EXIT } from '../exit-codes.js';

/**
 * The console's token: from `--token-file`, CONSOLE_TOKEN, CONSOLE_TOKEN_FILE, or the base directory, in this
 * order.
 * @throws CommandError that names where it was looked for; never the token
 */
export async function findToken(config: CliConfig, file: string | undefined): Promise<string> {
  if (file !== undefined) return readToken(file, EXIT.usage);
  if (config.CONSOLE_TOKEN) return checked(config.CONSOLE_TOKEN, 'CONSOLE_TOKEN');
  return config.CONSOLE_TOKEN_FILE
    ? readToken(config.CONSOLE_TOKEN_FILE, EXIT.usage)
    : readToken(join(config.INFINIBAY_BASE_DIR, 'console.token'), EXIT.access);
}

async function readToken(path: string, exitCode: typeof EXIT.usage | typeof EXIT.access): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new CommandError(
      exitCode,
      `${path}: the console's token cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'}): give --token-file FILE, or set CONSOLE_TOKEN or INFINIBAY_BASE_DIR`,
      { cause: error },
    );
  }
  return checked(text.trim(), path);
}

/** What can stand in a header. */
function checked(token: string, where: string): string {
  if (!/^[\x21-\x7E]{1,512}$/.test(token))
    throw new CommandError(
      EXIT.access,
      `${where}: holds no token: one line of printable characters is expected`,
    );
  return token;
}

import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { SecretsError } from './codes.js';

/**
 * Reads a secret of 32 random bytes (64 hexadecimal digits) from a file, and makes it (0600) when it is not
 * there. Two processes that start at once get the same secret.
 * @throws AppError `secret.exposed` when group or others may read the file
 */
export function secretFile(path: string): string {
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
  try {
    return readSecret(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(temporary, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx', flush: true });
  try {
    // link, unlike rename, does not replace what another process has made meanwhile.
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(temporary);
  }
  return readSecret(path);
}

function readSecret(path: string): string {
  const text = readFileSync(path, 'utf8').trim();
  if ((statSync(path).mode & 0o077) !== 0) {
    throw new SecretsError('secret.exposed', `${path} may be read by others: chmod 600 ${path}`);
  }
  if (text.length < 16)
    throw new SecretsError(
      'secret.short',
      `${path} holds less than 16 characters: remove it, and a new one is made`,
    );
  return text;
}

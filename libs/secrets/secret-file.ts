import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { SecretsError } from './codes.js';

/**
 * Reads a secret of 32 random bytes (64 hexadecimal digits) from a file, and makes it (0600) when it is not
 * there. Two processes that start at once get the same secret.
 * @throws AppError `secret.exposed` when group or others may read the file, or it belongs to another user
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

/**
 * Whether a file of this owner is in another user's hands: neither this process's nor root's. An owner may
 * read and change what is his, whatever the mode says.
 */
export function isForeign(owner: number, user = process.geteuid?.() ?? owner): boolean {
  return owner !== user && owner !== 0;
}

function readSecret(path: string): string {
  // What is looked at is what is read, even when somebody puts another file there in between.
  const file = openSync(path, 'r');
  try {
    const { mode, uid } = fstatSync(file);
    if (isForeign(uid)) {
      throw new SecretsError(
        'secret.exposed',
        `${path} belongs to another user (uid ${uid}), who may read and change it: chown it to the user that runs this app`,
        { remedy: 'chown the file that the message names to the user that runs the app' },
      );
    }
    if ((mode & 0o077) !== 0)
      throw new SecretsError('secret.exposed', `${path} may be read by others: chmod 600 ${path}`);
    const text = readFileSync(file, 'utf8').trim();
    if (text.length < 16) {
      throw new SecretsError(
        'secret.short',
        `${path} holds less than 16 characters: remove it, and a new one is made`,
      );
    }
    return text;
  } finally {
    closeSync(file);
  }
}

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where images that are slow to make are kept: never in the work tree. */
const cacheFolder = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'infinibay-guest-suite');

/**
 * A folder that is made once for what it is made from. A maker that fails or is killed leaves nothing that is
 * taken for whole; older versions of the same thing are removed.
 * @param madeFrom everything that decides the result: package versions, recipe texts
 */
export async function cached(
  name: string,
  madeFrom: string[],
  make: (folder: string) => Promise<void> | void,
): Promise<string> {
  const key = createHash('sha256').update(JSON.stringify(madeFrom)).digest('hex').slice(0, 16);
  const folder = join(cacheFolder, `${name}-${key}`);
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  await make(unfinished);
  for (const other of readdirSync(cacheFolder))
    if (other.startsWith(`${name}-`) && join(cacheFolder, other) !== unfinished)
      rmSync(join(cacheFolder, other), { recursive: true, force: true });
  renameSync(unfinished, folder);
  return folder;
}

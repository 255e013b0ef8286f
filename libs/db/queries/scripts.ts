import type { Work } from '../database.js';

/**
 * Takes the next version number of a script; the row stays locked until the transaction ends, so that two
 * editors get two numbers.
 * @returns null when there is no such script
 */
export async function nextScriptVersion(work: Work, scriptId: string): Promise<number | null> {
  const [raised] = await work.execute<{ version: number }[]>(
    'update script set version = version + 1 where id = ? returning version',
    [scriptId],
  );
  return raised?.version ?? null;
}

import type { Work } from '../database.js';
import { ScriptVersion } from '../entities/script.js';

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

/**
 * Versions of which an input has a pattern, all of them, a thousand at a time: for a check of what was saved
 * under earlier rules.
 */
export async function* versionsWithPatterns(
  work: Work,
): AsyncGenerator<{ scriptId: string; version: number; inputs: { name: string; pattern: string }[] }> {
  for (let after = ''; ;) {
    const rows = await work.fork().find(ScriptVersion, after === '' ? {} : { id: { $gt: after } }, {
      fields: ['id', 'scriptId', 'version', 'inputs'],
      orderBy: { id: 'asc' },
      limit: 1000,
    });
    for (const { scriptId, version, inputs } of rows) {
      const withPattern = inputs.flatMap(({ name, pattern }) =>
        pattern === undefined ? [] : [{ name, pattern }],
      );
      if (withPattern.length > 0) yield { scriptId, version, inputs: withPattern };
    }
    const last = rows.at(-1);
    if (!last || rows.length < 1000) return;
    after = last.id;
  }
}

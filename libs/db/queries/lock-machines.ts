import type { Work } from '../database.js';
import { dialectOf } from '../sql.js';

/** Below SQLite's limit of parameters in one statement. */
const AT_ONCE = 500;

/**
 * Keeps registered machines from being deleted until the transaction ends; nothing else has to wait for it,
 * the renewal of their leases least of all. Whatever inserts rows for a machine calls it before: rows of a
 * machine that is gone would run on the next one of that id.
 * @returns the ids of those that are there and registered
 */
export async function keepMachines(work: Work, ids: readonly string[]): Promise<Set<string>> {
  const kept = new Set<string>();
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const part = ids.slice(at, at + AT_ONCE);
    const condition = `registered = true and id in (${part.map(() => '?').join(', ')})`;
    const rows = await work.execute<{ id: string }[]>(
      dialectOf(work).lockRows('machine', condition, 'key share'),
      part,
    );
    for (const { id } of rows) kept.add(id);
  }
  return kept;
}

/** Thrown by what would insert rows for machines that are not registered, or no longer. */
export class MachinesGoneError extends Error {
  constructor(readonly ids: readonly string[]) {
    super(`no longer registered: ${ids.join(', ')}`);
  }
}

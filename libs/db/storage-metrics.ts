import type { Metrics } from '#runtime';
import type { Database } from './database.js';
import { storageUse } from './queries/storage.js';

/** How long one look serves all who read the page. */
const LOOK_SERVES_MS = 600_000;

/** The database's size, the room that is left to it, and the sizes of its tables, on the metrics page. */
export function showStorage(metrics: Metrics, database: Database): void {
  let look: { at: number; use: ReturnType<typeof storageUse> } | null = null;
  const use = (): ReturnType<typeof storageUse> => {
    if (look === null || performance.now() - look.at > LOOK_SERVES_MS)
      look = { at: performance.now(), use: storageUse(database) };
    return look.use;
  };
  metrics.gauge('infinibay_database_free_bytes', 'Room that is left to the database.', [], async (gauge) => {
    const free = await database.reserve.freeBytes().catch(() => null);
    if (free !== null) gauge.set(free);
  });
  metrics.gauge('infinibay_database_bytes', 'What the database takes.', [], async (gauge) => {
    const known = await use().catch(() => null);
    if (known) gauge.set(known.bytes);
  });
  metrics.gauge(
    'infinibay_database_table_bytes',
    'What a table takes with its indexes.',
    ['table'],
    async (gauge) => {
      const known = await use().catch(() => null);
      for (const [table, bytes] of known?.tables ?? []) gauge.set({ table }, bytes);
    },
  );
}

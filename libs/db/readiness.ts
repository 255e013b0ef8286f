import type { SqlEntityManager as Work } from '@mikro-orm/sql';
import { dialectOf } from './sql.js';

/** However many ask whether a process is ready, the database is written to this seldom. */
const WRITE_SERVES_MS = 10_000;

/** Writes one row: a database that is full or read-only answers questions, and takes no result. */
export class WriteProbe {
  private last: { at: number; written: Promise<void> } | null = null;

  constructor(private readonly work: () => Work) {}

  /** @throws what the last write has thrown, for 10 s */
  check(): Promise<void> {
    const now = performance.now();
    if (this.last === null || now - this.last.at > WRITE_SERVES_MS)
      this.last = { at: now, written: this.write() };
    return this.last.written;
  }

  private async write(): Promise<void> {
    const work = this.work();
    const { now } = dialectOf(work);
    await work.execute(
      `insert into readiness (id, written_at) values ('readyz', ${now}) on conflict (id) do update set written_at = ${now}`,
    );
  }
}

import { randomUUID } from 'node:crypto';
import type { Work } from '../database.js';
import { AuditEntry } from '../entities/records.js';
import { insertAll } from '../insert-all.js';
import { databaseNow } from '../sql.js';

export type NewAuditEntry = Omit<AuditEntry, 'id' | 'createdAt' | 'before' | 'after'> & {
  before?: unknown;
  after?: unknown;
  /** The change's own time by the database's clock, when it is known: one question less. */
  createdAt?: Date;
};

/** Appends to the audit, in the transaction of the change itself. */
export function recordAudit(work: Work, entry: NewAuditEntry): Promise<void> {
  return recordAudits(work, [entry]);
}

/** As `recordAudit`, for the many changes of one request. */
export async function recordAudits(work: Work, entries: readonly NewAuditEntry[]): Promise<void> {
  const now = entries.every(({ createdAt }) => createdAt) ? null : await databaseNow(work);
  const rows = entries.map((entry) =>
    Object.assign(new AuditEntry(), { ...entry, id: randomUUID(), createdAt: entry.createdAt ?? now }),
  );
  // What the caller has changed so far goes first, as the entry's place in the transaction says.
  await work.flush();
  await insertAll(work, AuditEntry, rows);
}

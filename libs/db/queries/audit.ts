import { randomUUID } from 'node:crypto';
import type { Work } from '../database.js';
import { AuditEntry } from '../entities/records.js';
import { databaseNow } from '../sql.js';

/** Appends to the audit, in the transaction of the change itself. */
export async function recordAudit(
  work: Work,
  entry: Omit<AuditEntry, 'id' | 'createdAt' | 'before' | 'after'> & {
    before?: unknown;
    after?: unknown;
    /** The change's own time by the database's clock, when it is known: one question less. */
    createdAt?: Date;
  },
): Promise<void> {
  work.persist(
    work.create(AuditEntry, {
      ...entry,
      before: entry.before ?? null,
      after: entry.after ?? null,
      id: randomUUID(),
      createdAt: entry.createdAt ?? (await databaseNow(work)),
    }),
  );
  await work.flush();
}

import { isFinal } from '#protocol';
import type { Work } from '../database.js';
import type { ScriptExecution } from '../entities/script-execution.js';
import { lockExecution } from './lock-execution.js';
import { continueSeries } from './series.js';

/**
 * Asks for the end of a run: a row of which nothing has gone out ends at once, claimed or not; one that was
 * delivered is marked and ends when its agent confirms. To be called inside a transaction.
 * @returns the row, or `final` when it had ended, or null when there is none
 */
export async function requestCancel(work: Work, id: string): Promise<ScriptExecution | 'final' | null> {
  const locked = await lockExecution(work, id);
  if (!locked) return null;
  const { row, now } = locked;
  if (isFinal(row.status)) return 'final';
  row.cancelRequestedAt ??= now;
  row.updatedAt = now;
  if (row.deliveryStartedAt === null) {
    // Whoever has claimed it finds it ended when it records the delivery, before the first byte.
    row.status = 'CANCELLED';
    row.startedAt = null;
    row.completedAt = now;
    row.leaseOwner = null;
    row.leaseExpiresAt = null;
    await continueSeries(work, row, now);
  }
  return row;
}

import { type FailureReason, isLoss } from '#protocol';
import type { Work } from '../database.js';
import type { ScriptExecution } from '../entities/script-execution.js';
import { ScriptVersion } from '../entities/script.js';

/** True when a run was lost on the way and its script says that running it twice does no harm. */
export async function mayRetry(
  work: Work,
  row: ScriptExecution,
  failureReason: FailureReason | null,
): Promise<boolean> {
  if (!isLoss(failureReason) || row.cancelRequestedAt !== null) return false;
  const version = await work.findOne(ScriptVersion, { scriptId: row.scriptId, version: row.scriptVersion });
  return version?.retry?.safe === true && row.attempt < version.retry.maxAttempts;
}

/**
 * The same run once more, as its next attempt. A `deliverBy` was kept when it began.
 * @param bootId the boot that has to end before it goes out; null when it need not wait
 */
export function beginAgain(row: ScriptExecution, bootId: string | null, now: Date): void {
  row.status = 'PENDING';
  row.attempt += 1;
  row.epoch += 1;
  row.bootId = bootId;
  row.startedAt = null;
  row.startConfirmed = false;
  row.deliveryStartedAt = null;
  row.deliverBy = null;
  row.leaseOwner = null;
  row.leaseExpiresAt = null;
  row.updatedAt = now;
}

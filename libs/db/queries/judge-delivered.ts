import { type ExecutionStatus, isFinal } from '#protocol';
import type { Work } from '../database.js';
import { Machine } from '../entities/machine.js';
import { type HelloNews, judgeRow } from '../states/hello-judgement.js';
import { backToPending } from './back-to-pending.js';
import { lockExecution } from './lock-execution.js';
import { endLocked } from './verdicts.js';

/**
 * Applies what a hello says to a row that was delivered before it: kept, given back, or ended as lost. Only
 * for the holder of the machine's lease, since another gateway may have handed the row out after that hello.
 * To be called inside a transaction.
 * @returns the row's status now, or null when this call changed nothing
 */
export async function judgeDelivered(
  work: Work,
  id: string,
  { owner, ...hello }: HelloNews & { owner: string },
): Promise<ExecutionStatus | null> {
  const locked = await lockExecution(work, id);
  if (!locked) return null;
  const { row, now } = locked;
  if (isFinal(row.status) || row.status === 'PENDING' || row.deliveryStartedAt === null) return null;
  const holds = { id: row.machineId, leaseOwner: owner, leaseExpiresAt: { $gt: now } };
  if ((await work.count(Machine, holds)) === 0) return null;
  const judgement = judgeRow(row, hello);
  switch (judgement.action) {
    case 'keep':
      return null;
    case 'return':
      return backToPending(work, row, now, { attempt: 'same' });
    case 'fail': {
      const { failureReason, error } = judgement;
      return endLocked(work, { row, now }, { status: 'FAILED', failureReason, error });
    }
    default:
      return judgement satisfies never;
  }
}

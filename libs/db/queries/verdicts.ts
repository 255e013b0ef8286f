import {
  type ExecutionStatus,
  type FailureReason,
  type FinalStatus,
  isFinal,
  OPEN_STATUSES,
} from '#protocol';
import type { Work } from '../database.js';
import type { ScriptExecution } from '../entities/script-execution.js';
import { dialectOf, literals } from '../sql.js';
import { backToPending, mayRetry } from './back-to-pending.js';
import { lockExecution } from './lock-execution.js';
import { continueSeries } from './series.js';

/** How we may end a run without a word from its guest. */
type VerdictStatus = Exclude<FinalStatus, 'SUCCESS'>;

/**
 * Ends a row by our own verdict, unless it became final meanwhile; one that was lost begins again where its
 * script allows. To be called inside a transaction.
 * @returns the row's new status, or null when this call changed nothing
 */
export async function endByVerdict(
  work: Work,
  verdict: {
    id: string;
    epoch?: number;
    status: VerdictStatus;
    failureReason: FailureReason | null;
    error: string;
  },
): Promise<ExecutionStatus | null> {
  const locked = await lockExecution(work, verdict.id);
  if (!locked || isFinal(locked.row.status)) return null;
  if (verdict.epoch !== undefined && locked.row.epoch !== verdict.epoch) return null;
  return endLocked(work, locked, verdict);
}

/** The same for an open row that is locked. */
export async function endLocked(
  work: Work,
  { row, now }: { row: ScriptExecution; now: Date },
  verdict: { status: VerdictStatus; failureReason: FailureReason | null; error: string },
): Promise<ExecutionStatus> {
  if (await mayRetry(work, row, verdict.failureReason))
    return backToPending(work, row, now, { attempt: 'next', afterBoot: null });
  row.status = verdict.status;
  row.failureReason = verdict.failureReason;
  row.error = verdict.error;
  row.completedAt = now;
  row.updatedAt = now;
  row.leaseOwner = null;
  row.leaseExpiresAt = null;
  await continueSeries(work, row, now);
  return row.status;
}

/** What a sweep found to end, by the database's clock. */
export interface Overdue {
  id: string;
  machineId: string;
  status: VerdictStatus;
  failureReason: FailureReason | null;
  error: string;
}

/**
 * Open rows that nobody wants and that no transition has ended: written by a version before this one,
 * or by hand. A row that waits though its end was asked for or its series was stopped, and any row whose
 * machine is gone: it would run on the next one of that id. Each is ended as an overdue one is.
 */
export async function findUnwanted(work: Work): Promise<Overdue[]> {
  const rows = await work.execute<{ id: string; machine_id: string }[]>(
    `select id, machine_id from script_execution e
     where (status = 'PENDING' and (cancel_requested_at is not null
         or exists (select 1 from series s where s.id = e.series_id and s.stopped_at is not null)))
       or (status in (${literals(OPEN_STATUSES)}) and not exists (select 1 from machine m where m.id = e.machine_id))
     order by created_at limit 500`,
  );
  return rows.map(({ id, machine_id: machineId }) => ({
    id,
    machineId,
    status: 'CANCELLED',
    failureReason: null,
    error: 'its end was asked for, its series was stopped, or its machine was deleted',
  }));
}

/**
 * Rows that end without news: a RUNNING one `graceSeconds` after its deadline, a cancelled one `graceSeconds`
 * after it was asked to end, a PENDING one whose `deliverBy` has passed. Each is ended by `endByVerdict` in a
 * transaction of its own.
 */
export async function findOverdue(work: Work, graceSeconds: number): Promise<Overdue[]> {
  const { now } = dialectOf(work);
  const seconds = (column: string): string =>
    now.startsWith('cast') ? `((${now} - ${column}) / 1000.0)` : `extract(epoch from (${now} - ${column}))`;
  const rows = await work.execute<
    { id: string; machine_id: string; kind: string; start_confirmed: boolean | number }[]
  >(
    `select id, machine_id, start_confirmed, case
         when status = 'PENDING' then 'expired' when cancel_requested_at is not null and ${seconds('cancel_requested_at')} > ? then 'cancelled' else 'deadline' end as kind
     from script_execution where (status = 'PENDING' and deliver_by is not null and deliver_by <= ${now})
       or (status = 'RUNNING' and delivery_started_at is not null and (${seconds('started_at')} > timeout_seconds + ?
           or (cancel_requested_at is not null and ${seconds('cancel_requested_at')} > ?)))
     order by created_at limit 500`,
    [graceSeconds, graceSeconds, graceSeconds],
  );
  return rows.map(({ id, machine_id: machineId, kind, start_confirmed: confirmed }): Overdue => {
    if (kind === 'expired')
      return {
        id,
        machineId,
        status: 'FAILED',
        failureReason: 'EXPIRED',
        error: 'deliverBy passed before the machine could take it',
      };
    if (kind === 'cancelled')
      return {
        id,
        machineId,
        status: 'CANCELLED',
        failureReason: null,
        error: 'cancelled; the agent did not confirm in time',
      };
    if (confirmed)
      return {
        id,
        machineId,
        status: 'TIMEOUT',
        failureReason: null,
        error: 'the deadline passed without a result from the agent',
      };
    return {
      id,
      machineId,
      status: 'FAILED',
      failureReason: 'AGENT_LOST',
      error: 'the agent never said that it started the script',
    };
  });
}

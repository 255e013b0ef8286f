import type { EntityData } from '@mikro-orm/core';
import { OPEN_STATUSES } from '#protocol';
import type { Work } from '../database.js';
import { ScriptExecution } from '../entities/script-execution.js';
import { dialectOf, literals } from '../sql.js';
import { backToPending } from './back-to-pending.js';
import { allowedByInstallation, OF_THE_SAME_MEDIUM } from './claim-conditions.js';
import { lockExecution } from './lock-execution.js';

/**
 * Hands out a machine's due rows, in one statement: PENDING, `scheduledFor` not after the database's time, by
 * `order` and `createdAt`, at most `capacity` of them, only while `owner` holds the machine's lease and the
 * machine is registered. A FIRST_BOOT row waits until all lower ones of its medium are final, and for the end
 * of that medium's installation. What an operator does not want any more, by a cancel or a stop of its
 * series, is not handed out.
 * @returns the rows, now RUNNING, in the order in which they are to be delivered
 */
export async function claimDue(
  work: Work,
  claim: { machineId: string; owner: string; capacity: number },
): Promise<ScriptExecution[]> {
  if (claim.capacity < 1) return [];
  const dialect = dialectOf(work);
  const { now, skipLocked } = dialect;
  const claimed = await work.execute<EntityData<ScriptExecution>[]>(
    // Materialized: inside an IN, PostgreSQL may run the selection once per row, and its limit then limits
    // nothing.
    `with due as materialized (
       select e.id from script_execution e
       where e.machine_id = ? and e.status = 'PENDING' and e.scheduled_for <= ${now}
         and (e.deliver_by is null or e.deliver_by > ${now})
         and e.cancel_requested_at is null
         and not exists (select 1 from series s where s.id = e.series_id and s.stopped_at is not null)
         and exists (select 1 from machine m where m.id = e.machine_id and m.registered = true
           and ${allowedByInstallation(dialect)} and m.lease_owner = ? and m.lease_expires_at > ${now})
         -- A machine that is about to restart takes nothing.
         and not exists (select 1 from script_execution w join machine m on m.id = w.machine_id
           where w.machine_id = e.machine_id and w.status = 'PENDING' and w.boot_id = m.boot_id)
         and not (e.execution_type = 'FIRST_BOOT' and exists (
           select 1 from script_execution b where b.machine_id = e.machine_id and b.execution_type = 'FIRST_BOOT'
             and ${OF_THE_SAME_MEDIUM} and b."order" < e."order" and b.status in (${literals(OPEN_STATUSES)})))
       order by e."order", e.created_at, e.id limit ? ${skipLocked}
     )
     update script_execution set status = 'RUNNING', started_at = ${now}, start_confirmed = false, delivery_started_at = null,
       lease_owner = ?, lease_expires_at = (select lease_expires_at from machine where id = ?), updated_at = ${now}
     where id in (select id from due) and status = 'PENDING'
     returning *`,
    [claim.machineId, claim.owner, claim.capacity, claim.owner, claim.machineId],
  );
  const fresh = work.fork();
  return claimed
    .map((row) => fresh.map(ScriptExecution, row))
    .sort((a, b) => a.order - b.order || +a.createdAt - +b.createdAt || (a.id < b.id ? -1 : 1));
}

/** A row as somebody has read it: one that has gone back meanwhile has another epoch. */
type Fence = Pick<ScriptExecution, 'id' | 'epoch'>;

/**
 * Marks a row as about to be written to the guest; to be committed before the first byte. It is fenced by the
 * row's id, owner and epoch, by the machine's lease, and by a wish that its run end: a gateway that was slow
 * writes nothing of a row that was taken back or cancelled meanwhile.
 * @returns false: not a byte of it may be written
 */
export async function recordDelivery(work: Work, row: Fence, owner: string): Promise<boolean> {
  const { now } = dialectOf(work);
  const rows = await work.execute<{ id: string }[]>(
    `update script_execution set delivery_started_at = ${now}, updated_at = ${now}
     where id = ? and epoch = ? and status = 'RUNNING' and lease_owner = ? and cancel_requested_at is null
       and exists (select 1 from machine m where m.id = script_execution.machine_id and m.lease_owner = ? and m.lease_expires_at > ${now})
     returning id`,
    [row.id, row.epoch, owner, owner],
  );
  return rows.length > 0;
}

/**
 * Gives a row back that the guest certainly never got: same attempt, next epoch; or ends it CANCELLED where
 * an operator wants that. A row that has moved on stays. To be called inside a transaction.
 * @returns the row's new status, or null when nothing was changed
 */
export async function returnToPending(
  work: Work,
  expected: Fence & { undelivered?: boolean },
): Promise<'PENDING' | 'CANCELLED' | null> {
  const locked = await lockExecution(work, expected.id);
  if (!locked) return null;
  const { row, now } = locked;
  if (row.status !== 'RUNNING' || row.epoch !== expected.epoch) return null;
  if (expected.undelivered && row.deliveryStartedAt !== null) return null;
  return backToPending(work, row, now, { attempt: 'same' });
}

/**
 * Rows that were claimed and not delivered, and whose gateway will not deliver them: it has lost the machine,
 * or it has had `seconds` for it. They are to be given back one by one.
 */
export async function findAbandoned(work: Work, seconds: number): Promise<(Fence & { machineId: string })[]> {
  const { now, nowMinusSeconds } = dialectOf(work);
  const rows = await work.execute<{ id: string; epoch: number; machine_id: string }[]>(
    `select id, epoch, machine_id from script_execution e
     where status = 'RUNNING' and delivery_started_at is null
       and (cancel_requested_at is not null or started_at is null or started_at < ${nowMinusSeconds('cast(? as integer)')}
         or not exists (select 1 from machine m
              where m.id = e.machine_id and m.lease_owner = e.lease_owner and m.lease_expires_at > ${now}))
     order by created_at limit 500`,
    [seconds],
  );
  return rows.map(({ machine_id: machineId, ...row }) => ({ ...row, machineId }));
}

/** What there is to do for one machine. */
export interface WaitingWork {
  /** Rows that are out there by the database's knowledge. */
  running: number;
  /**
   * Milliseconds until the next PENDING row is due by the database's clock (0 or less: due now); null when
   * there is none, or none but first-boot rows that wait for their installation.
   */
  dueInMs: number | null;
  /** Commands that were not sent yet. */
  commands: number;
}

/**
 * Looks at what waits for a machine, in one question: most looks find nothing, and thousands of machines are
 * looked at when a host starts.
 */
export async function findWaiting(work: Work, machineId: string): Promise<WaitingWork> {
  const dialect = dialectOf(work);
  const { now } = dialect;
  const [row] = await work.execute<
    { running: number | string; due: string | number | Date | null; commands: number | string; now: Date }[]
  >(
    `select (select count(*) from script_execution where machine_id = ? and status = 'RUNNING') as running,
       (select min(e.scheduled_for) from script_execution e join machine m on m.id = e.machine_id
          where e.machine_id = ? and e.status = 'PENDING' and ${allowedByInstallation(dialect)}) as due,
       (select count(*) from machine_command where machine_id = ? and state = 'PENDING') as commands, ${now} as now`,
    [machineId, machineId, machineId],
  );
  if (!row) throw new Error('a select without a from has one row');
  return {
    running: Number(row.running),
    dueInMs: row.due === null ? null : new Date(row.due).getTime() - new Date(row.now).getTime(),
    commands: Number(row.commands),
  };
}

/**
 * Machines of `owner` that a sweep has to look at: with a row that is due within `horizonSeconds`, a claim
 * that was not delivered, another owner's run, or a command that waits. All others cost a sweep nothing.
 */
export async function machinesWithWork(work: Work, owner: string, horizonSeconds: number): Promise<string[]> {
  const { nowPlusSeconds } = dialectOf(work);
  const mine = 'machine_id in (select id from machine where lease_owner = ?)';
  const rows = await work.execute<{ machine_id: string }[]>(
    `select machine_id from script_execution where status = 'PENDING' and scheduled_for <= ${nowPlusSeconds} and ${mine}
     union select machine_id from script_execution where status = 'RUNNING' and (delivery_started_at is null or lease_owner <> ?) and ${mine}
     union select machine_id from machine_command where state = 'PENDING' and ${mine}`,
    [horizonSeconds, owner, owner, owner, owner],
  );
  return rows.map(({ machine_id }) => machine_id);
}

import type { EntityData } from '@mikro-orm/core';
import { OPEN_STATUSES } from '#protocol';
import type { Work } from '../database.js';
import { ScriptExecution } from '../entities/script-execution.js';
import { dialectOf, literals } from '../sql.js';
import { allowedByInstallation, OF_THE_SAME_MEDIUM } from './claim-conditions.js';

/**
 * Hands out a machine's due rows, in one statement: PENDING, `scheduledFor` not after the database's time, by
 * `order` and `createdAt`, at most `capacity` of them, only while `owner` holds the machine's lease and the
 * machine is registered. A FIRST_BOOT row waits until all lower ones of its medium are final, and for the end
 * of that medium's installation.
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

/**
 * Marks rows as about to be written to the guest; to be committed before the first byte.
 * @returns the ids still claimed by `owner`
 */
export async function recordDelivery(work: Work, ids: string[], owner: string): Promise<string[]> {
  if (ids.length === 0) return [];
  const { now } = dialectOf(work);
  const rows = await work.execute<{ id: string }[]>(
    `update script_execution set delivery_started_at = ${now}, updated_at = ${now}
     where id in (${ids.map(() => '?').join(', ')}) and status = 'RUNNING' and lease_owner = ? returning id`,
    [...ids, owner],
  );
  return rows.map(({ id }) => id);
}

/**
 * Gives a row back that the guest certainly never got: same attempt, next epoch. `expected` fences it: a row
 * that has moved on stays.
 * @returns true when it was given back
 */
export async function returnToPending(work: Work, expected: { id: string; epoch: number }): Promise<boolean> {
  const { now } = dialectOf(work);
  const rows = await work.execute<{ id: string }[]>(
    `update script_execution set status = 'PENDING', started_at = null, delivery_started_at = null, start_confirmed = false,
       lease_owner = null, lease_expires_at = null, epoch = epoch + 1, updated_at = ${now}
     where id = ? and epoch = ? and status = 'RUNNING' returning id`,
    [expected.id, expected.epoch],
  );
  return rows.length > 0;
}

/**
 * Rows that were claimed and never delivered by an owner that is gone go back to PENDING.
 * @returns machines that have work again
 */
export async function returnAbandoned(work: Work): Promise<string[]> {
  const { now } = dialectOf(work);
  const rows = await work.execute<{ machine_id: string }[]>(
    `update script_execution set status = 'PENDING', started_at = null, lease_owner = null, lease_expires_at = null, epoch = epoch + 1, updated_at = ${now}
     where status = 'RUNNING' and delivery_started_at is null and lease_expires_at < ${now} returning machine_id`,
  );
  return [...new Set(rows.map(({ machine_id }) => machine_id))];
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

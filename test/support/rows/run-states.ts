import { randomUUID } from 'node:crypto';
import {
  claimDue,
  type Completion,
  type Database,
  databaseNow,
  deleteMachine,
  endByVerdict,
  findAbandoned,
  findOverdue,
  findUnwanted,
  judgeDelivered,
  Machine,
  recordCompletion,
  recordDelivery,
  recordStarted,
  requestCancel,
  returnToPending,
  ScriptExecution,
  Series,
  stopSeries,
  takeLease,
  type Work,
} from '#db';
import type { RunEvent, RunState } from '../../../libs/db/states/transitions.js';
import { dialectOf } from './dialect.js';
import { completion, every, script } from './rows.js';

const OURS = 'host-a#1';
const ANOTHER = 'host-b#2';
export const BOOT = 'boot-1';
const LEASE_SECONDS = 60;
const GRACE_SECONDS = 60;
const TIMEOUT_SECONDS = 600;

/** A row in one of the states, on a machine of its own. */
export interface RowInState {
  state: RunState;
  id: string;
  machineId: string;
  seriesId: string | null;
}

/** Makes one row for each state, all in one transaction. */
export async function rowsInStates(database: Database, states: readonly RunState[]): Promise<RowInState[]> {
  const plain = await script(database);
  const safe = await script(database, 'true', { maxAttempts: 5, safe: true });
  return database.transaction(async (work) => {
    const now = await databaseNow(work);
    const rows = states.map((state) => insert(work, state, state.retry ? safe : plain, now));
    await work.flush();
    return rows;
  });
}

function insert(work: Work, state: RunState, scriptId: string, now: Date): RowInState {
  const [id, machineId] = [randomUUID(), randomUUID()];
  const seriesId = state.series === 'none' ? null : randomUUID();
  const common = { createdAt: now, updatedAt: now };
  const leaseExpiresAt = new Date(now.getTime() + (state.lease === 'ended' ? -1000 : 600_000));
  const leaseOwner = state.lease === 'another' ? ANOTHER : OURS;
  work.persist(
    work.create(
      Machine,
      { id: machineId, name: machineId, bootId: BOOT, leaseOwner, leaseExpiresAt, ...common },
      { partial: true },
    ),
  );
  if (seriesId !== null) {
    const stopped = state.series === 'stopped' ? { stoppedAt: now, stopReason: 'stopped' } : {};
    work.persist(
      work.create(
        Series,
        { id: seriesId, machineId, scriptId, rule: every(60, now), createdAt: now, ...stopped },
        { partial: true },
      ),
    );
  }
  const { status, ...fields } = columnsOf(state, now);
  work.persist(
    work.create(
      ScriptExecution,
      {
        id,
        scriptId,
        scriptVersion: 1,
        machineId,
        executionType: seriesId === null ? 'ON_DEMAND' : 'SCHEDULED',
        seriesId,
        slot: seriesId === null ? null : 0,
        scheduledFor: now,
        timeoutSeconds: TIMEOUT_SECONDS,
        triggeredBy: 'test',
        cancelRequestedAt: state.cancel ? now : null,
        status,
        ...fields,
        ...common,
      },
      { partial: true },
    ),
  );
  return { state, id, machineId, seriesId };
}

function columnsOf(state: RunState, now: Date): Partial<ScriptExecution> & Pick<ScriptExecution, 'status'> {
  const ran = { startedAt: now, deliveryStartedAt: now, completedAt: now };
  switch (state.status) {
    case 'PENDING':
      return { status: 'PENDING', bootId: state.awaitsBoot ? BOOT : null };
    case 'RUNNING':
      return {
        status: 'RUNNING',
        startedAt: now,
        leaseOwner: OURS,
        leaseExpiresAt: now,
        deliveryStartedAt: state.delivered === 'no' ? null : now,
        startConfirmed: state.delivered === 'accepted',
        bootId: state.delivered === 'accepted' ? BOOT : null,
      };
    case 'ENDED':
      return { ...ran, status: 'SUCCESS', exitCode: 0, durationMs: 5 };
    case 'LOST':
      return { ...ran, status: 'FAILED', failureReason: 'AGENT_LOST' };
    case 'CANCELLED':
      return { ...ran, status: 'CANCELLED' };
    default:
      return state.status satisfies never;
  }
}

/** Removes all rows, so that a sweep finds those of one event only. */
export async function removeRows(database: Database): Promise<void> {
  for (const table of ['script_execution', 'series', 'machine'])
    await database.work().execute(`delete from ${table}`);
}

/** Lets an event happen to each of the rows, by the queries that gateways and consoles use. */
export async function happens(
  database: Database,
  event: RunEvent,
  rows: readonly RowInState[],
): Promise<void> {
  const sweep = SWEEPS[event];
  if (sweep) return sweepAll(database, sweep);
  for (const row of rows) await happensTo(database, event, row);
}

function happensTo(database: Database, event: RunEvent, row: RowInState): Promise<unknown> {
  const { id, machineId, seriesId } = row;
  const within = (run: (work: Work) => Promise<unknown>): Promise<unknown> => database.transaction(run);
  const completes = (differences: Partial<Completion>): Promise<unknown> =>
    within((work) =>
      recordCompletion(work, completion({ machineId, executionId: id }, { bootId: BOOT, ...differences })),
    );
  const hello = (more: { listed?: boolean; list?: boolean; bootId?: string; spoolChanged?: boolean }) => {
    const { listed = false, list = true, bootId = BOOT, spoolChanged = false } = more;
    const runs = listed ? [{ execution_id: id, attempt: 1 }] : [];
    return within((work) =>
      judgeDelivered(work, id, {
        owner: OURS,
        runs: list ? runs : null,
        bootId,
        bootBefore: BOOT,
        spoolChanged,
      }),
    );
  };
  switch (event) {
    case 'claim':
      return claimDue(database.work(), { machineId, owner: OURS, capacity: 1 });
    case 'record the delivery':
      return recordDelivery(database.work(), { id, epoch: 0 }, OURS);
    case 'nothing was written':
      return within((work) => returnToPending(work, { id, epoch: 0 }));
    case 'another gateway takes the machine':
      return takeLease(database.work(), {
        machineId,
        owner: ANOTHER,
        hostId: 'host-b',
        seconds: LEASE_SECONDS,
      });
    case 'hello that lists it':
      return hello({ listed: true });
    case 'hello that does not list it':
      return hello({});
    case 'hello that does not list it, in another boot':
      return hello({ bootId: 'boot-2' });
    case 'hello of another spool':
      return hello({ spoolChanged: true });
    case 'hello of another spool, in another boot':
      return hello({ spoolChanged: true, bootId: 'boot-2' });
    case 'handshake of an agent without a list':
      return hello({ list: false });
    case 'started':
      return recordStarted(database.work(), { machineId, executionId: id, attempt: 1, bootId: BOOT });
    case 'completed':
      return completes({});
    case 'failed by its exit code':
      return completes({ status: 'FAILED', failureReason: 'EXIT_CODE', exitCode: 3 });
    case 'interrupted by a restart':
      return completes({ status: 'FAILED', failureReason: 'INTERRUPTED_BY_REBOOT', exitCode: -1 });
    case 'wants a restart':
      return completes({ status: 'FAILED', failureReason: 'EXIT_CODE', exitCode: 194, wantsReboot: true });
    case 'was cancelled':
      return completes({ status: 'CANCELLED', exitCode: null, signal: 15 });
    case 'cancel':
      return within((work) => requestCancel(work, id));
    case 'stop the series':
      return seriesId === null ? Promise.resolve() : within((work) => stopSeries(work, seriesId));
    case 'delete the machine':
      return within((work) => deleteMachine(work, machineId, { force: true }));
    default:
      throw new Error(`${event} happens to all rows at once`);
  }
}

/** How old rows are when a sweep comes: a column, and so many seconds. */
const SWEEPS: Partial<Record<RunEvent, [column: string, seconds: number]>> = {
  sweep: ['started_at', 0],
  'sweep after two leases': ['started_at', 2 * LEASE_SECONDS + 1],
  'sweep after the deadline': ['started_at', TIMEOUT_SECONDS + GRACE_SECONDS + 1],
  'sweep after the grace of a cancel': ['cancel_requested_at', GRACE_SECONDS + 1],
  'sweep after deliverBy': ['deliver_by', 1],
};

async function sweepAll(database: Database, [column, seconds]: [string, number]): Promise<void> {
  const work = database.work();
  const aged = column === 'deliver_by' ? "status = 'PENDING'" : `${column} is not null`;
  await work.execute(
    `update script_execution set ${column} = ${dialectOf(work).nowPlusSeconds} where ${aged} and completed_at is null`,
    [-seconds],
  );
  for (const verdict of [...(await findUnwanted(work)), ...(await findOverdue(work, GRACE_SECONDS))])
    await database.transaction((own) => endByVerdict(own, verdict));
  for (const row of await findAbandoned(work, 2 * LEASE_SECONDS))
    await database.transaction((own) => returnToPending(own, { ...row, undelivered: true }));
}

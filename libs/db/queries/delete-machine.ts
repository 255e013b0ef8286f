import { OPEN_COMMAND_STATES, OPEN_STATUSES } from '#protocol';
import type { Work } from '../database.js';
import { Machine } from '../entities/machine.js';
import { ScriptExecution } from '../entities/script-execution.js';
import { dialectOf, literals } from '../sql.js';
import { stopSeriesOfMachine } from './series.js';
import { endByVerdict } from './verdicts.js';

/**
 * Deletes a machine and ends all that is open for it: its series, its runs, its commands. To be called inside
 * a transaction. The machine is locked first: who schedules for it at the same time comes before, and is
 * ended here, or after, and finds no machine.
 * @param force false: a machine with open runs stays
 * @returns how many runs were open and whether it was deleted; null when there is no such machine
 */
export async function deleteMachine(
  work: Work,
  id: string,
  { force }: { force: boolean },
): Promise<{ open: number; deleted: boolean } | null> {
  const { lockRows, now } = dialectOf(work);
  if ((await work.execute<unknown[]>(lockRows('machine', 'id = ?', 'update'), [id])).length === 0)
    return null;
  const isOpen = { machineId: id, status: { $in: [...OPEN_STATUSES] } };
  if (!force) {
    const open = await work.count(ScriptExecution, isOpen);
    if (open > 0) return { open, deleted: false };
  }
  // Before the runs are read: the end of one inserts the next of its series until here.
  await stopSeriesOfMachine(work, id);
  const open = await work.find(ScriptExecution, isOpen, { fields: ['id'], orderBy: { id: 'asc' } });
  for (const row of open) {
    const error = 'the machine was deleted';
    await endByVerdict(work, { id: row.id, status: 'CANCELLED', failureReason: null, error });
  }
  await work.execute(
    `update machine_command set state = case when state = 'SENT' then 'LOST' else 'EXPIRED' end, answered_at = ${now}
     where machine_id = ? and state in (${literals(OPEN_COMMAND_STATES)})`,
    [id],
  );
  await work.nativeDelete(Machine, { id });
  return { open: open.length, deleted: true };
}

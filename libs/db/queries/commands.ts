import { randomUUID } from 'node:crypto';
import type { EntityData } from '@mikro-orm/core';
import { type CommandRequest, OPEN_COMMAND_STATES } from '#protocol';
import type { Work } from '../database.js';
import { MachineCommand } from '../entities/machine-command.js';
import { databaseNow, dialectOf, isRowId, literals } from '../sql.js';
import { MachinesGoneError } from './lock-machines.js';

/** How many commands of a machine may wait for their answer. */
export const OPEN_COMMANDS_LIMIT = 16;
/** How many commands are kept per machine, with their answers. */
const COMMANDS_KEPT = 1000;
/** Seconds that an answer may come after the command's own timeout. */
const ANSWER_GRACE_SECONDS = 15;

/**
 * Stores a command; to be called inside a transaction.
 * @returns null when too many of the machine's are open
 * @throws MachinesGoneError when the machine is not registered, or was deleted this very moment
 */
export async function createCommand(
  work: Work,
  command: { machineId: string; request: CommandRequest; timeoutSeconds: number; triggeredBy: string },
): Promise<MachineCommand | null> {
  // Locks the machine, so that two requests at once do not both see the last free place.
  // And against a delete: the command would be the next machine's of that id.
  const lock = dialectOf(work).lockRows('machine', 'id = ? and registered = true', 'no key update');
  const machines = await work.execute<unknown[]>(lock, [command.machineId]);
  if (machines.length === 0) throw new MachinesGoneError([command.machineId]);
  const { machineId } = command;
  const open = await work.count(MachineCommand, { machineId, state: { $in: [...OPEN_COMMAND_STATES] } });
  if (open >= OPEN_COMMANDS_LIMIT) return null;
  await work.execute(
    `delete from machine_command where machine_id = ? and id in (
       select id from machine_command where machine_id = ? and state not in (${literals(OPEN_COMMAND_STATES)}) order by created_at desc, id limit 1000000 offset ?)`,
    [machineId, machineId, COMMANDS_KEPT - 1],
  );
  const row = work.create(
    MachineCommand,
    { ...command, id: randomUUID(), createdAt: await databaseNow(work) },
    { partial: true },
  );
  work.persist(row);
  await work.flush();
  return row;
}

/**
 * Takes a machine's waiting commands for sending, each once, while `owner` holds the machine's lease.
 * @returns them in their order
 */
export async function claimCommands(work: Work, machineId: string, owner: string): Promise<MachineCommand[]> {
  const { now } = dialectOf(work);
  const rows = await work.execute<EntityData<MachineCommand>[]>(
    `update machine_command set state = 'SENT', sent_at = ${now} where machine_id = ? and state = 'PENDING'
       and exists (select 1 from machine m where m.id = machine_command.machine_id and m.registered = true and m.lease_owner = ? and m.lease_expires_at > ${now})
     returning *`,
    [machineId, owner],
  );
  const fresh = work.fork();
  return rows
    .map((row) => fresh.map(MachineCommand, row))
    .sort((a, b) => +a.createdAt - +b.createdAt || (a.id < b.id ? -1 : 1));
}

/** What an agent answered; text without NUL and cut to a limit. */
export interface CommandAnswer {
  machineId: string;
  id: string;
  success: boolean;
  exitCode: number | null;
  stdout: string;
  stderr: string;
  data: unknown;
  truncated: boolean;
  durationMs: number | null;
}

/**
 * Records an answer, also one that comes late.
 * @returns `unknown` for a command that was not sent to this machine, `duplicate` for one that is answered
 * already
 */
export async function recordAnswer(
  work: Work,
  answer: CommandAnswer,
): Promise<'recorded' | 'duplicate' | 'unknown'> {
  if (!isRowId(answer.id)) return 'unknown';
  const { now } = dialectOf(work);
  const rows = await work.execute<{ id: string }[]>(
    `update machine_command set state = 'ANSWERED', success = ?, exit_code = ?, stdout = ?, stderr = ?, data = ?, truncated = ?, duration_ms = ?, answered_at = ${now}
     where id = ? and machine_id = ? and sent_at is not null and state <> 'ANSWERED' returning id`,
    [
      answer.success,
      answer.exitCode,
      answer.stdout,
      answer.stderr,
      answer.data === null ? null : JSON.stringify(answer.data),
      answer.truncated,
      answer.durationMs,
      answer.id,
      answer.machineId,
    ],
  );
  if (rows.length > 0) return 'recorded';
  const known = await work.count(MachineCommand, {
    id: answer.id,
    machineId: answer.machineId,
    state: 'ANSWERED',
  });
  return known > 0 ? 'duplicate' : 'unknown';
}

/** Ends the commands whose time has passed. @returns them */
export async function endOverdueCommands(work: Work): Promise<{ id: string; machineId: string }[]> {
  const { now, nowMinusSeconds } = dialectOf(work);
  const rows = await work.execute<{ id: string; machine_id: string }[]>(
    `update machine_command set state = case when state = 'SENT' then 'LOST' else 'EXPIRED' end, answered_at = ${now}
     where (state = 'PENDING' and created_at < ${nowMinusSeconds('timeout_seconds')})
       or (state = 'SENT' and sent_at < ${nowMinusSeconds(`timeout_seconds + ${ANSWER_GRACE_SECONDS}`)}) returning id, machine_id`,
  );
  return rows.map(({ id, machine_id: machineId }) => ({ id, machineId }));
}

import { ScriptExecution } from '#db';
import type { Guest } from './guest.js';

/**
 * The socket is the identity: an agent that says another one is written down, and believed in nothing.
 * @returns false for one that says another
 */
export async function compareVmId(
  { machineId, events }: Guest,
  said: string | null | undefined,
): Promise<boolean> {
  if (said == null || said.toLowerCase() === machineId) return true;
  await events.security(
    'vm_id_mismatch',
    'a message names another vm_id than the socket it came from; the socket counts',
  );
  return false;
}

/** Writes down what was said of an execution that is not the speaker's. */
export async function checkOwnership(
  { context, machineId, events, budget }: Guest,
  executionId: string,
  what: string,
): Promise<void> {
  budget.spend('work');
  const row = /^[0-9a-f-]{36}$/i.test(executionId)
    ? await context.database
        .work()
        .findOne(ScriptExecution, { id: executionId }, { fields: ['id', 'machineId'] })
    : null;
  if (row?.machineId === machineId) return;
  await events.security(
    `${what}_foreign`,
    `${what} for an execution that is not this machine's`,
    executionId,
  );
}

import { recordOtherIdentity, ScriptExecution } from '#db';
import type { Handshake } from '#protocol';
import { PROTOCOL_OF } from './agent-kind.js';
import type { Guest } from './guest.js';

/** An agent that says no id says no other one. Ids are compared without case. */
export const isIdOf = (machineId: string, said: string | null | undefined): boolean =>
  said == null || said.toLowerCase() === machineId;

/** The socket is the identity: a message that names another one is written down, and believed in nothing. */
export async function compareVmId(
  { machineId, events }: Guest,
  said: string | null | undefined,
): Promise<void> {
  if (isIdOf(machineId, said)) return;
  await events.security(
    'vm_id_mismatch',
    'a message names another vm_id than the socket it came from; the socket counts',
  );
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

/**
 * The agent of this connection where it says another machine's id: a disk that was copied with its identity.
 * It is told and shown once, and gets no work.
 */
export class OtherIdentity {
  private told = false;
  private written = false;

  constructor(private readonly guest: Guest) {}

  async meet({ version, vm_id }: Handshake): Promise<void> {
    const { guest } = this;
    const { context, machineId, events, holdsLease } = guest;
    if (!this.written && holdsLease) {
      const said = {
        machineId,
        owner: context.lease.owner,
        protocol: PROTOCOL_OF.ours,
        agentVersion: version,
      };
      this.written = await recordOtherIdentity(context.database.work(), said);
    }
    if (this.told) return;
    this.told = true;
    await events.security(
      'vm_id_mismatch',
      `the agent says that it is the machine ${(vm_id ?? '').slice(0, 8)}…: its disk was copied with another machine's identity, so it gets no work`,
    );
  }
}

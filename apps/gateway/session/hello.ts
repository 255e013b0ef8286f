import { findLastHello, judgeDelivered, type MachineFacts, recordHello, ScriptExecution } from '#db';
import { BusEvents, type Handshake, type RunEntry } from '#protocol';
import { type AgentKind, PROTOCOL_OF } from './agent-kind.js';
import { giveBack } from './delivery.js';
import type { Guest } from './guest.js';

/**
 * Judges the rows that were out before a hello, if this gateway may, and writes down who said it. In this
 * order: when either fails, the hello that the agent says again finds the spool of before, and judges what is
 * left.
 * @returns what is known of the machine now, the rows that are still out, and whether the machine's row says
 * who spoke: not while another gateway holds the machine
 */
export async function applyHello(
  guest: Guest,
  hello: Handshake,
  kind: AgentKind,
): Promise<{ facts: MachineFacts; out: ScriptExecution[]; recorded: boolean }> {
  const { context, machineId } = guest;
  const work = context.database.work();
  const bootId = hello.boot_id ?? null;
  const spoolId = hello.spool_id ?? null;
  // Asked now: since this connection began, another gateway may have heard the machine.
  const before = await findLastHello(work, machineId);
  let out = await work.find(ScriptExecution, { machineId, status: 'RUNNING' });
  if (guest.holdsLease && before)
    out = await judge(guest, out, {
      runs: kind === 'ours' ? (hello.runs ?? []) : null,
      bootId,
      bootBefore: before.bootId,
      spoolChanged: before.spoolId !== null && before.spoolId !== spoolId,
    });
  const said = await recordHello(
    work,
    { id: machineId, owner: context.lease.owner },
    {
      protocol: PROTOCOL_OF[kind],
      agentVersion: hello.version,
      agentSha256: hello.agent_sha256 ?? null,
      platform: hello.platform,
      arch: hello.arch ?? null,
      bootId,
      spoolId,
      secret: hello.secret ?? null,
    },
  );
  if (!said) throw new Error(`machine ${machineId} was deleted while it is connected`);
  return { ...said, out };
}

/**
 * Looks again at the rows that are out, though we hold the lease and have the agent's hello. To be called
 * while nothing is being handed out. Ours without a delivery were left by a database that failed between
 * claim and delivery. Another gateway's that the agent does not list: a statement of a gateway that is dead
 * may be committed after that hello; whatever it wrote, the agent takes no line from before our answer.
 */
export async function recoverRows(guest: Guest, runs: readonly RunEntry[]): Promise<void> {
  const { machineId, context, facts } = guest;
  const { database, lease } = context;
  const rows = await database.work().find(ScriptExecution, { machineId, status: 'RUNNING' });
  for (const row of rows)
    if (row.deliveryStartedAt === null) await giveBack(context, row, { undelivered: true });
  const foreign = rows.filter(({ leaseOwner }) => leaseOwner !== lease.owner);
  const { bootId } = facts;
  await judge(guest, foreign, { runs, bootId, bootBefore: bootId, spoolChanged: false });
}

/**
 * Rows are handed out and hellos are heard one after another: what was delivered by now was delivered before,
 * whatever any clock says. @returns those that are still out
 */
async function judge(
  { context, machineId }: Guest,
  rows: readonly ScriptExecution[],
  hello: Omit<Parameters<typeof judgeDelivered>[2], 'owner'>,
): Promise<ScriptExecution[]> {
  const { database, bus, lease } = context;
  const { owner } = lease;
  const out: ScriptExecution[] = [];
  for (const row of rows) {
    const status = await database.transaction((work) => judgeDelivered(work, row.id, { ...hello, owner }));
    if (status) bus.emit(BusEvents.executionChanged, { executionId: row.id, machineId, status });
    else out.push(row);
  }
  return out;
}

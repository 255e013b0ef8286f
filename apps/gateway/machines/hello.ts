import {
  databaseNow,
  endByVerdict,
  type MachineFacts,
  recordHello,
  returnToPending,
  ScriptExecution,
} from '#db';
import { BusEvents, type Handshake, type RunEntry } from '#protocol';
import { judgeRows, judgeRowsOfPublicAgent, type RowJudgement } from '../core/hello.js';
import type { GatewayContext } from './gateway-context.js';

/**
 * Writes down who said hello, and judges the rows that were out before it, if this gateway may.
 * @param before the machine as this connection knew it until now
 * @returns the machine as it is now, and the rows that are still out
 */
export async function applyHello(
  context: GatewayContext,
  before: MachineFacts,
  hello: Handshake,
  { protocol, holdsLease }: { protocol: number; holdsLease: boolean },
): Promise<{ machine: MachineFacts; out: ScriptExecution[] }> {
  const { database } = context;
  const { id: machineId } = before;
  const bootId = hello.boot_id ?? null;
  const spoolId = hello.spool_id ?? null;
  const recorded = await recordHello(database.work(), machineId, {
    protocol,
    agentVersion: hello.version,
    agentSha256: hello.agent_sha256 ?? null,
    platform: hello.platform,
    arch: hello.arch ?? null,
    session: hello.session ?? null,
    bootId,
    spoolId,
    secret: hello.secret ?? null,
  });
  if (!recorded) throw new Error(`machine ${machineId} was deleted while it is connected`);
  const { facts: machine, at: receivedAt } = recorded;
  const rows = await database.work().find(ScriptExecution, { machineId, status: 'RUNNING' });
  if (!holdsLease) return { machine, out: rows };
  const spoolChanged = before.spoolId !== null && before.spoolId !== spoolId;
  const judgements =
    protocol >= 2
      ? judgeRows(rows, { runs: hello.runs ?? [], bootId, spoolChanged, receivedAt })
      : judgeRowsOfPublicAgent(rows, receivedAt);
  await carryOut(context, machineId, rows, judgements);
  const kept = new Set(judgements.flatMap(({ action, id }) => (action === 'keep' ? [id] : [])));
  return { machine, out: rows.filter(({ id }) => kept.has(id)) };
}

/**
 * Looks again at the rows that are out, though we hold the lease and have the agent's hello. To be called while nothing is being handed
 * out. Ours without a delivery were left by a database that failed between claim and delivery. Another gateway's that the agent does not
 * list: a statement of a gateway that is dead may be committed after that hello; whatever it wrote, the agent takes no line from before
 * our answer.
 */
export async function recoverRows(
  context: GatewayContext,
  machine: MachineFacts,
  runs: readonly RunEntry[],
): Promise<void> {
  const work = context.database.work();
  const rows = await work.find(ScriptExecution, { machineId: machine.id, status: 'RUNNING' });
  const ours = rows.filter(({ leaseOwner }) => leaseOwner === context.owner);
  for (const row of ours) if (row.deliveryStartedAt === null) await returnToPending(work, row);
  const foreign = rows.filter(({ leaseOwner }) => leaseOwner !== context.owner);
  if (foreign.length === 0) return;
  const receivedAt = await databaseNow(work);
  const { id, bootId } = machine;
  await carryOut(context, id, foreign, judgeRows(foreign, { runs, bootId, spoolChanged: false, receivedAt }));
}

async function carryOut(
  context: GatewayContext,
  machineId: string,
  rows: readonly ScriptExecution[],
  judgements: readonly RowJudgement[],
): Promise<void> {
  const { database } = context;
  for (const judgement of judgements) {
    const row = rows.find(({ id }) => id === judgement.id);
    if (!row || judgement.action === 'keep') continue;
    if (judgement.action === 'return') {
      await returnToPending(database.work(), row);
      continue;
    }
    const { failureReason, error } = judgement;
    const ended = await database.transaction((work) =>
      endByVerdict(work, { id: row.id, epoch: row.epoch, status: 'FAILED', failureReason, error }),
    );
    if (ended)
      context.bus.emit(BusEvents.executionChanged, { executionId: row.id, machineId, status: ended });
  }
}

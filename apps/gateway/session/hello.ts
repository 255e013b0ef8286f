import { databaseNow, endByVerdict, findSpool, type MachineFacts, recordHello, ScriptExecution } from '#db';
import { BusEvents, type Handshake, type RunEntry } from '#protocol';
import { judgeRows, judgeRowsOfPublicAgent, type RowJudgement } from '../core/hello.js';
import { type AgentKind, PROTOCOL_OF } from './agent-kind.js';
import { giveBack } from './delivery.js';
import type { Guest } from './guest.js';

/**
 * Judges the rows that were out before a hello, if this gateway may, and writes down who said it. In this
 * order: when either fails, the hello that the agent says again finds the spool of before, and judges what is
 * left.
 * @returns what is known of the machine now, and the rows that are still out
 */
export async function applyHello(
  guest: Guest,
  hello: Handshake,
  kind: AgentKind,
): Promise<{ facts: MachineFacts; out: ScriptExecution[] }> {
  const { context, machineId } = guest;
  const work = context.database.work();
  const bootId = hello.boot_id ?? null;
  const spoolId = hello.spool_id ?? null;
  // Asked now: since this connection began, another gateway may have heard the machine.
  const before = await findSpool(work, machineId);
  const rows = await work.find(ScriptExecution, { machineId, status: 'RUNNING' });
  let out = rows;
  if (guest.holdsLease && before) {
    const spoolChanged = before.spoolId !== null && before.spoolId !== spoolId;
    const judgements =
      kind === 'ours'
        ? judgeRows(rows, { runs: hello.runs ?? [], bootId, spoolChanged, receivedAt: before.now })
        : judgeRowsOfPublicAgent(rows, before.now);
    await carryOut(guest, rows, judgements);
    const kept = new Set(judgements.flatMap(({ action, id }) => (action === 'keep' ? [id] : [])));
    out = rows.filter(({ id }) => kept.has(id));
  }
  const facts = await recordHello(work, machineId, {
    protocol: PROTOCOL_OF[kind],
    agentVersion: hello.version,
    agentSha256: hello.agent_sha256 ?? null,
    platform: hello.platform,
    arch: hello.arch ?? null,
    bootId,
    spoolId,
    secret: hello.secret ?? null,
  });
  if (!facts) throw new Error(`machine ${machineId} was deleted while it is connected`);
  return { facts, out };
}

/**
 * Looks again at the rows that are out, though we hold the lease and have the agent's hello. To be called
 * while nothing is being handed out. Ours without a delivery were left by a database that failed between
 * claim and delivery. Another gateway's that the agent does not list: a statement of a gateway that is dead
 * may be committed after that hello; whatever it wrote, the agent takes no line from before our answer.
 */
export async function recoverRows(guest: Guest, runs: readonly RunEntry[]): Promise<void> {
  const { machineId } = guest;
  const { database, lease } = guest.context;
  const work = database.work();
  const rows = await work.find(ScriptExecution, { machineId, status: 'RUNNING' });
  const ours = rows.filter(({ leaseOwner }) => leaseOwner === lease.owner);
  for (const row of ours)
    if (row.deliveryStartedAt === null) await giveBack(guest.context, row, { undelivered: true });
  const foreign = rows.filter(({ leaseOwner }) => leaseOwner !== lease.owner);
  if (foreign.length === 0) return;
  const receivedAt = await databaseNow(work);
  const { bootId } = guest.facts;
  await carryOut(guest, foreign, judgeRows(foreign, { runs, bootId, spoolChanged: false, receivedAt }));
}

async function carryOut(
  { context, machineId }: Guest,
  rows: readonly ScriptExecution[],
  judgements: readonly RowJudgement[],
): Promise<void> {
  const { database } = context;
  for (const judgement of judgements) {
    const row = rows.find(({ id }) => id === judgement.id);
    if (!row || judgement.action === 'keep') continue;
    if (judgement.action === 'return') {
      await giveBack(context, row);
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

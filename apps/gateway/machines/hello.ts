import { databaseNow, endByVerdict, Machine, returnToPending, ScriptExecution } from '#db';
import { BusEvents, type Handshake, type RunEntry } from '#protocol';
import { judgeRows, judgeRowsOfPublicAgent, type RowJudgement } from '../core/hello.js';
import type { GatewayContext } from './gateway-context.js';

/**
 * What a session needs to know of its machine for as long as it lasts. Plain values: an entity would keep its whole unit of work alive, for each
 * of thousands of machines.
 */
export type MachineFacts = Readonly<
  Pick<Machine, 'id' | 'os' | 'platform' | 'protocol' | 'bootId' | 'maxConcurrent'>
>;

export function factsOf({ id, os, platform, protocol, bootId, maxConcurrent }: Machine): MachineFacts {
  return { id, os, platform, protocol, bootId, maxConcurrent };
}

/** Writes down who said hello, and judges the rows that were out before it. @returns the machine as it is now */
export async function applyHello(
  context: GatewayContext,
  machineId: string,
  hello: Handshake,
  { protocol, holdsLease }: { protocol: number; holdsLease: boolean },
): Promise<MachineFacts> {
  const { database } = context;
  const { machine, spoolChanged, now } = await database.transaction(async (work) => {
    const time = await databaseNow(work);
    const row = await work.findOneOrFail(Machine, { id: machineId });
    const changed = row.spoolId !== null && row.spoolId !== (hello.spool_id ?? null);
    row.protocol = protocol;
    row.agentVersion = hello.version;
    row.agentSha256 = hello.agent_sha256 ?? null;
    row.platform = hello.platform;
    row.arch = hello.arch ?? null;
    row.session = hello.session ?? null;
    row.bootId = hello.boot_id ?? null;
    row.spoolId = hello.spool_id ?? null;
    row.secret = hello.secret ?? null;
    if (row.os === null && (hello.platform === 'windows' || hello.platform === 'linux'))
      row.os = hello.platform;
    row.helloAt = time;
    row.lastSeenAt = time;
    row.updatedAt = time;
    return { machine: factsOf(row), spoolChanged: changed, now: time };
  });
  if (!holdsLease) return machine;
  const rows = await database.work().find(ScriptExecution, { machineId, status: 'RUNNING' });
  const bootId = hello.boot_id ?? null;
  const judgements =
    protocol >= 2
      ? judgeRows(rows, { runs: hello.runs ?? [], bootId, spoolChanged, receivedAt: now })
      : judgeRowsOfPublicAgent(rows, now);
  await carryOut(context, machineId, rows, judgements);
  return machine;
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

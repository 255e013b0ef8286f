import { databaseNow, endByVerdict, Machine, returnToPending, ScriptExecution } from '#db';
import { BusEvents, type Handshake } from '#protocol';
import { judgeRows, judgeRowsOfPublicAgent } from '../core/hello.js';
import type { GatewayContext } from './gateway-context.js';

/** Writes down who said hello, and judges the rows that were out before it. @returns the machine as it is now */
export async function applyHello(
  context: GatewayContext,
  machineId: string,
  hello: Handshake,
  { protocol, holdsLease }: { protocol: number; holdsLease: boolean },
): Promise<Machine> {
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
    return { machine: row, spoolChanged: changed, now: time };
  });
  if (!holdsLease) return machine;
  const rows = await database.work().find(ScriptExecution, { machineId, status: 'RUNNING' });
  const bootId = hello.boot_id ?? null;
  const judgements =
    protocol >= 2
      ? judgeRows(rows, { runs: hello.runs ?? [], bootId, spoolChanged, receivedAt: now })
      : judgeRowsOfPublicAgent(rows, now);
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
      context.bus.emit(BusEvents.executionChanged, { executionId: row.id, machineId, status: 'FAILED' });
  }
  return machine;
}

import { createHash } from 'node:crypto';
import {
  claimDue,
  endAsBadInput,
  keepRunContent,
  recordDelivery,
  refuseRun,
  returnToPending,
  type ScriptExecution,
  ScriptVersion,
} from '#db';
import {
  BusEvents,
  CHANNEL_LIMITS,
  InputError,
  inputEnvironment,
  type PendingScript,
  substituteInputs,
} from '#protocol';
import { judgementOf } from '#placeholders';
import { hostInUrl } from '#runtime';
import { LineTooLongError } from '../channel/outbox.js';
import { bootstrapScript, fileContent } from '../core/bootstrap.js';
import type { GatewayContext } from '../host/gateway-context.js';
import type { Guest } from './guest.js';
import { openInputs } from './inputs.js';

/** How long a text waits to be fetched beyond its run's own time: the agent may be busy with another run. */
const FETCH_SECONDS = 3600;

/**
 * Claims what is due and writes it to the guest, one script a line. A fault in one script fails that row
 * alone.
 * @param capacity how many more scripts the machine may run now
 * @returns how many were written
 */
export async function deliverDue(guest: Guest, capacity: number): Promise<number> {
  const { machineId } = guest;
  const { database, lease } = guest.context;
  let written = 0;
  const rows = await claimDue(database.work(), { machineId, owner: lease.owner, capacity });
  for (const [index, row] of rows.entries()) {
    try {
      if (await deliverRow(guest, row)) written += 1;
    } catch (error) {
      // What was claimed and not written waits for nobody. Without the database a sweep finds it.
      for (const rest of rows.slice(index))
        await giveBack(guest.context, rest, { undelivered: true }).catch(() => undefined);
      throw error;
    }
  }
  return written;
}

/** Writes one claimed row. @returns true when it went out */
export async function deliverRow(guest: Guest, row: ScriptExecution): Promise<boolean> {
  const { context, outbox } = guest;
  const { database, bus, lease } = context;
  let script: PendingScript;
  try {
    script = await buildScript(guest, row);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    await refuse(context, row, error.message, error instanceof CodeError);
    return false;
  }
  // Committed before the first byte: a row that may have reached the guest is never taken for one that did
  // not.
  if (!(await recordDelivery(database.work(), row, lease.owner))) {
    await giveBack(context, row, { undelivered: true });
    return false;
  }
  const before = outbox.bytesWritten;
  try {
    await outbox.send(handOver(script));
  } catch (error) {
    if (error instanceof LineTooLongError) {
      await refuse(context, row, `the script is too long for the channel: ${error.message}`);
      return false;
    }
    if (outbox.bytesWritten === before) await giveBack(context, row);
    return false;
  }
  context.counters.delivered.inc();
  bus.emit(BusEvents.executionChanged, { executionId: row.id, machineId: row.machineId, status: 'RUNNING' });
  return true;
}

/** What the guest has certainly not got waits again, or ends where an operator wants it to. */
export async function giveBack(
  { database, bus }: GatewayContext,
  { id, epoch, machineId }: Pick<ScriptExecution, 'id' | 'epoch' | 'machineId'>,
  fence: { undelivered?: boolean } = {},
): Promise<void> {
  const status = await database.transaction((work) => returnToPending(work, { id, epoch, ...fence }));
  if (status) bus.emit(BusEvents.executionChanged, { executionId: id, machineId, status });
}

const handOver = (script: PendingScript) => ({
  type: 'pending_scripts_response' as const,
  timestamp: new Date().toISOString(),
  scripts: [script],
});

/** The same script as a short one that fetches it. Its inputs stand in its text already. */
async function fetched(
  { config, database }: GatewayContext,
  row: ScriptExecution,
  script: PendingScript,
): Promise<PendingScript> {
  const { shell } = script;
  if (shell !== 'POWERSHELL' && shell !== 'CMD') return script;
  // The default is what no guest can reach: itself.
  if (config.APP_HOST === 'localhost') {
    throw new InputError(
      'the script is too long for one line to this agent, which would fetch it over HTTP: set APP_HOST for the gateway',
    );
  }
  const content = fileContent(shell, script.script_content);
  const { machineId, id: executionId } = row;
  const run = { machineId, executionId, content, seconds: row.timeoutSeconds + FETCH_SECONDS };
  const token = await keepRunContent(database.work(), run);
  const url = `http://${hostInUrl(config.APP_HOST)}:${config.PORT}/infiniservice/run/${token}`;
  return { ...script, script_content: bootstrapScript(shell, url, content), input_values: {} };
}

/** A version that was saved before placeholders were judged, and whose inputs would become code. */
class CodeError extends InputError {}

/** @param isForEver no run of this version goes out: its series ends, too, and the machine's events say so */
async function refuse(
  { database, bus }: GatewayContext,
  row: ScriptExecution,
  error: string,
  isForEver = false,
): Promise<void> {
  await database.transaction((work) =>
    isForEver ? refuseRun(work, row, error) : endAsBadInput(work, row, error),
  );
  bus.emit(BusEvents.executionChanged, { executionId: row.id, machineId: row.machineId, status: 'FAILED' });
}

/** @throws InputError, a `CodeError` where a value would become code */
async function contentFor(
  version: ScriptVersion,
  values: Readonly<Record<string, string | number | boolean>>,
  isOurs: boolean,
): Promise<string> {
  const { shell, content, placeholders } = version;
  const { faults, comments, assignAt } = await judgementOf(version);
  const [fault] = faults;
  if (fault && placeholders === null) throw new CodeError(`${fault.message}; ${fault.remedy}`);
  // What an operator keeps is written as it always was.
  const judged = {
    native: placeholders === 'judged',
    comments: placeholders === 'kept' ? [] : comments,
    assignAt,
  };
  return substituteInputs(shell, content, values, judged, { assign: !isOurs });
}

async function buildScript({ context, outbox, isOurs }: Guest, row: ScriptExecution): Promise<PendingScript> {
  const version = await context.database
    .work()
    .findOne(ScriptVersion, { scriptId: row.scriptId, version: row.scriptVersion });
  if (!version) throw new InputError(`version ${row.scriptVersion} of the script is gone`);
  const values = openInputs(context.config, row);
  const content = await contentFor(version, values, isOurs);
  if (Buffer.byteLength(content) > CHANNEL_LIMITS.scriptContent) {
    throw new InputError(
      `the script with its inputs has ${Buffer.byteLength(content)} bytes; the channel carries ${CHANNEL_LIMITS.scriptContent}`,
    );
  }
  const script: PendingScript = {
    execution_id: row.id,
    script_id: row.scriptId,
    script_name: version.name,
    script_content: content,
    shell: version.shell,
    execution_type: row.executionType,
    input_values: values,
    timeout_seconds: row.timeoutSeconds,
    run_as: row.runAs,
  };
  // The public agent gets no field that it does not know.
  if (!isOurs) return outbox.fits(handOver(script)) ? script : fetched(context, row, script);
  return {
    ...script,
    attempt: row.attempt,
    env: inputEnvironment(values),
    deliver_by: row.deliverBy?.toISOString() ?? null,
    output_limit_bytes: CHANNEL_LIMITS.outputHead + CHANNEL_LIMITS.outputTail,
    sha256: createHash('sha256').update(content).digest('hex'),
  };
}

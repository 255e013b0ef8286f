import { claimCommands, type CommandAnswer, type MachineCommand, recordAnswer, storableJson } from '#db';
import { BusEvents, type CommandResponse, storable } from '#protocol';
import { boundText, KEPT_OUTPUT } from '../core/output.js';
import type { GatewayContext } from '../host/gateway-context.js';
import type { Guest } from './guest.js';

/** Bytes of JSON that an answer's `data` may have. */
const DATA_LIMIT = 524_288;

/**
 * Sends the commands that wait for a machine. Each is marked as sent before its first byte: unlike a script,
 * a command that may have arrived is not sent again, since the agent keeps no memory of it.
 */
export async function sendCommands({ context, machineId, outbox }: Guest): Promise<void> {
  const { database, lease } = context;
  for (const command of await claimCommands(database.work(), machineId, lease.owner)) {
    try {
      await outbox.send(toLine(command));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      await settle(context, refused(command, `the command was not sent: ${reason}`));
      continue;
    }
    context.bus.emit(BusEvents.commandChanged, { commandId: command.id, machineId });
  }
}

/** Records an agent's answer. @returns what it was to us: an unknown one is no machine's to give */
export function takeAnswer(
  { context, machineId }: Guest,
  message: CommandResponse,
): Promise<'recorded' | 'duplicate' | 'unknown'> {
  const stdout = boundText(storable(message.stdout ?? ''), KEPT_OUTPUT);
  const stderr = boundText(storable(message.stderr ?? ''), KEPT_OUTPUT);
  const data = storableJson(message.data);
  const tooMuch = Buffer.byteLength(JSON.stringify(data)) > DATA_LIMIT;
  return settle(context, {
    machineId,
    id: message.id,
    success: message.success,
    exitCode: message.exit_code ?? null,
    stdout: stdout.text,
    stderr: stderr.text,
    data: tooMuch ? null : data,
    truncated: stdout.truncated || stderr.truncated || tooMuch,
    durationMs: message.execution_time_ms ?? null,
  });
}

async function settle(
  context: GatewayContext,
  answer: CommandAnswer,
): Promise<'recorded' | 'duplicate' | 'unknown'> {
  const result = await recordAnswer(context.database.work(), answer);
  if (result === 'recorded')
    context.bus.emit(BusEvents.commandChanged, { commandId: answer.id, machineId: answer.machineId });
  return result;
}

function toLine({ id, request, timeoutSeconds }: MachineCommand) {
  if (request.type === 'SafeCommand') {
    return {
      type: request.type,
      id,
      command_type: request.command,
      params: null,
      timeout: timeoutSeconds,
    } as const;
  }
  return {
    type: request.type,
    id,
    raw_command: request.rawCommand,
    timeout: timeoutSeconds,
    ...(request.shell ? { shell: request.shell } : {}),
    ...(request.workingDir ? { working_dir: request.workingDir } : {}),
  } as const;
}

function refused({ id, machineId }: MachineCommand, reason: string): CommandAnswer {
  return {
    id,
    machineId,
    success: false,
    exitCode: null,
    stdout: '',
    stderr: reason,
    data: null,
    truncated: false,
    durationMs: null,
  };
}

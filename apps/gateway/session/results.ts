import {
  type CompletionResult,
  inputsOfRun,
  type Outcome,
  recordCompletion,
  type ScriptExecution,
} from '#db';
import { BusEvents, type RecoveredCompletion, type ScriptCompletion, storable } from '#protocol';
import { boundText, KEPT_OUTPUT } from '../core/output.js';
import { Redactor } from '../core/redactor.js';
import { verdictOf } from '../core/verdict.js';
import type { Guest } from './guest.js';
import { secretsOf } from './inputs.js';

/** 194 is ours on every system; 3010 is Windows Installer's ERROR_SUCCESS_REBOOT_REQUIRED. */
const REBOOT_EXIT_CODES = { linux: [194], windows: [194, 3010] };

/** Commits what the guest observed. What it returns may be acked: it is on disk. */
export async function commitCompletion(
  { context, machineId, isOurs, facts }: Guest,
  message: ScriptCompletion,
): Promise<CompletionResult> {
  const { bootId } = facts;
  // The public agent cannot restart its machine.
  const rebootExitCodes = isOurs ? REBOOT_EXIT_CODES[facts.os ?? 'linux'] : [];
  const outcome = outcomeOf(message, bootId);
  const completion = {
    ...outcome,
    machineId,
    executionId: message.execution_id,
    attempt: message.attempt ?? null,
    wantsReboot: outcome.failureReason === 'EXIT_CODE' && rebootExitCodes.includes(message.exit_code),
  };
  const crossedOut = (row: Pick<ScriptExecution, 'scriptId' | 'inputValues'>): Partial<Outcome> => {
    const redactor = new Redactor(secretsOf(context.config, row));
    if (redactor.isIdle) return {};
    const { stdout, stderr } = message;
    return outcomeOf(
      {
        ...message,
        stdout: redactor.text(stdout ?? '', message.stdout_bytes),
        stderr: redactor.text(stderr ?? '', message.stderr_bytes),
      },
      bootId,
    );
  };
  // Before the transaction: the forms of a long secret take a tenth of a second, in which SQLite's one writer
  // would be ours. What a run was given does not change.
  const given = await inputsOfRun(context.database.work(), machineId, message.execution_id);
  const prepared = given === null ? null : crossedOut(given);
  const result = await context.database.groupedTransaction((work) =>
    recordCompletion(work, completion, (row) => prepared ?? crossedOut(row)),
  );
  context.counters.completions.inc({ result });
  const goesOn = result === 'reboot' || result === 'retry';
  if (result === 'recorded' || result === 'late' || result === 'unwanted' || goesOn) {
    context.bus.emit(BusEvents.executionChanged, {
      executionId: message.execution_id,
      machineId,
      status: goesOn ? 'PENDING' : result === 'unwanted' ? 'CANCELLED' : completion.status,
    });
  }
  return result;
}

function outcomeOf(message: ScriptCompletion, bootId: string | null): Outcome {
  const stdout = boundText(storable(message.stdout ?? ''), KEPT_OUTPUT);
  const stderr = boundText(storable(message.stderr ?? ''), KEPT_OUTPUT);
  return {
    ...verdictOf(message, bootId),
    exitCode: message.exit_code,
    signal: message.signal ?? null,
    stdout: stdout.text,
    stderr: stderr.text,
    stdoutBytes: message.stdout_bytes ?? stdout.bytes,
    stderrBytes: message.stderr_bytes ?? stderr.bytes,
    stdoutSha256: message.stdout_sha256 ?? null,
    stderrSha256: message.stderr_sha256 ?? null,
    truncated: (message.truncated ?? false) || stdout.truncated || stderr.truncated,
    survivors: message.survivors ?? null,
    durationMs: message.duration_ms ?? null,
    bootId: message.boot_id ?? null,
    startedAt: null,
  };
}

/** A result that was too long to be read: what could be found of it. */
export function completionWithoutOutput(found: RecoveredCompletion, bytes: number): ScriptCompletion {
  return {
    type: 'script_completion',
    timestamp: null,
    execution_id: found.executionId,
    exit_code: found.exitCode,
    stdout: '',
    stderr: `The agent's result had ${bytes} bytes, more than a line may have: its output was not kept.`,
    log_file: null,
    started_at: null,
    signal: null,
    truncated: true,
    ...(found.attempt === null ? {} : { attempt: found.attempt }),
  };
}

import { type CompletionResult, type Outcome, recordCompletion, storable } from '#db';
import { BusEvents, CHANNEL_LIMITS, type ScriptCompletion } from '#protocol';
import { boundText } from '../core/output.js';
import { Redactor } from '../core/redactor.js';
import { verdictOf } from '../core/verdict.js';
import type { GatewayContext } from './gateway-context.js';
import { secretsOf } from './inputs.js';

const LIMITS = { head: CHANNEL_LIMITS.outputHead, tail: CHANNEL_LIMITS.outputTail };

/** 194 is ours on every system; 3010 is Windows Installer's ERROR_SUCCESS_REBOOT_REQUIRED. */
const REBOOT_EXIT_CODES = { linux: [194], windows: [194, 3010] };

/** Commits what the guest observed. What it returns may be acked: it is on disk. */
export async function commitCompletion(
  context: GatewayContext,
  machineId: string,
  message: ScriptCompletion,
  /** Null from the public agent, which cannot restart its machine. */
  os: 'windows' | 'linux' | null,
): Promise<CompletionResult> {
  const outcome = outcomeOf(message);
  const completion = {
    ...outcome,
    machineId,
    executionId: message.execution_id,
    attempt: message.attempt ?? null,
    wantsReboot:
      os !== null &&
      outcome.failureReason === 'EXIT_CODE' &&
      REBOOT_EXIT_CODES[os].includes(message.exit_code),
  };
  const result = await context.database.transaction((work) =>
    recordCompletion(work, completion, (row) => {
      const redactor = new Redactor(secretsOf(context.config, row));
      if (redactor.isIdle) return {};
      const { stdout, stderr } = message;
      return outcomeOf({
        ...message,
        stdout: redactor.text(stdout ?? ''),
        stderr: redactor.text(stderr ?? ''),
      });
    }),
  );
  context.counters.completions.inc({ result });
  if (result === 'recorded' || result === 'late' || result === 'reboot') {
    context.bus.emit(BusEvents.executionChanged, {
      executionId: message.execution_id,
      machineId,
      status: result === 'reboot' ? 'PENDING' : completion.status,
    });
  }
  return result;
}

function outcomeOf(message: ScriptCompletion): Outcome {
  const stdout = boundText(storable(message.stdout ?? ''), LIMITS);
  const stderr = boundText(storable(message.stderr ?? ''), LIMITS);
  return {
    ...verdictOf(message),
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

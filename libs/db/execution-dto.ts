import type { ExecutionDto, InputValues, ScriptInput } from '#protocol';
import { seal } from '#secrets';
import type { ScriptExecution, StoredInput } from './entities/script-execution.js';

/** The context under which an input's password is sealed. */
export const inputContext = (scriptId: string, name: string): string => `input:${scriptId}:${name}`;

/** What is shown in the place of a secret. */
const REDACTED = '•••';

/** A row as HTTP and bus show it: no sealed value leaves. */
export function toExecutionDto(row: ScriptExecution): ExecutionDto {
  const time = (value: Date | null): string | null => value?.toISOString() ?? null;
  return {
    id: row.id,
    scriptId: row.scriptId,
    scriptVersion: row.scriptVersion,
    machineId: row.machineId,
    executionType: row.executionType,
    status: row.status,
    failureReason: row.failureReason,
    seriesId: row.seriesId,
    slot: row.slot,
    order: row.order,
    scheduledFor: row.scheduledFor.toISOString(),
    deliverBy: time(row.deliverBy),
    repeatIntervalMinutes: row.repeatIntervalMinutes,
    lastExecutedAt: time(row.lastExecutedAt),
    executionCount: row.executionCount,
    maxExecutions: row.maxExecutions,
    inputValues: Object.fromEntries(
      Object.entries(row.inputValues).map(([name, value]) => [
        name,
        typeof value === 'object' ? REDACTED : value,
      ]),
    ),
    timeoutSeconds: row.timeoutSeconds,
    runAs: row.runAs,
    attempt: row.attempt,
    epoch: row.epoch,
    deliveryStartedAt: time(row.deliveryStartedAt),
    startedAt: time(row.startedAt),
    completedAt: time(row.completedAt),
    bootId: row.bootId,
    exitCode: row.exitCode,
    signal: row.signal,
    // A list has not read them.
    stdout: row.stdout ?? null,
    stderr: row.stderr ?? null,
    stdoutBytes: row.stdoutBytes,
    stderrBytes: row.stderrBytes,
    stdoutSha256: row.stdoutSha256,
    stderrSha256: row.stderrSha256,
    truncated: row.truncated,
    survivors: row.survivors,
    durationMs: row.durationMs,
    error: row.error,
    leaseOwner: row.leaseOwner,
    leaseExpiresAt: time(row.leaseExpiresAt),
    cancelRequestedAt: time(row.cancelRequestedAt),
    triggeredBy: row.triggeredBy,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

/**
 * Input values as they are stored: passwords sealed, so that neither a dump nor a log of the database shows
 * them.
 */
export function storedInputs(
  scriptId: string,
  inputs: readonly ScriptInput[],
  values: InputValues,
  secretsKey: string,
): Record<string, StoredInput> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]): [string, StoredInput] => {
      const isPassword = inputs.some((input) => input.name === name && input.type === 'password');
      return [
        name,
        isPassword ? { sealed: seal(secretsKey, inputContext(scriptId, name), String(value)) } : value,
      ];
    }),
  );
}

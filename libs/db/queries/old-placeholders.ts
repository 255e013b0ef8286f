import type { Work } from '../database.js';
import { ScriptExecution } from '../entities/script-execution.js';
import { ScriptVersion } from '../entities/script.js';
import { recordMachineEvent } from './events.js';
import { stopRefusedSeries } from './series.js';
import { endByVerdict } from './verdicts.js';

type Run = Pick<ScriptExecution, 'id' | 'epoch' | 'machineId' | 'seriesId'>;

/** Ends a run whose inputs cannot be written; to be called inside a transaction. */
export function endAsBadInput(work: Work, { id, epoch }: Run, error: string): Promise<unknown> {
  return endByVerdict(work, { id, epoch, status: 'FAILED', failureReason: 'BAD_INPUT', error });
}

/**
 * Ends a run of a version whose inputs would become code, and the series that it is of: the next run would be
 * no better. The machine's events say so. To be called inside a transaction.
 */
export async function refuseRun(work: Work, run: Run, error: string): Promise<void> {
  if (run.seriesId !== null) await stopRefusedSeries(work, run.seriesId);
  await endAsBadInput(work, run, error);
  await recordMachineEvent(work, {
    machineId: run.machineId,
    kind: 'security',
    severity: 'warn',
    code: 'script.placeholder_refused',
    message: `The run is refused, for the value of an input would become code: ${error}`,
    executionId: run.id,
  });
}

/** Versions that were saved before placeholders were judged, a page at a time, in the order of their ids. */
export function findUnjudgedVersions(
  work: Work,
  afterId: string | null,
  limit: number,
): Promise<ScriptVersion[]> {
  return work.find(
    ScriptVersion,
    { placeholders: null, ...(afterId === null ? {} : { id: { $gt: afterId } }) },
    { orderBy: { id: 'asc' }, limit },
  );
}

/** The runs of a version that wait. */
export function findWaitingRuns(
  work: Work,
  { scriptId, version }: Pick<ScriptVersion, 'scriptId' | 'version'>,
): Promise<ScriptExecution[]> {
  return work.find(ScriptExecution, { scriptId, scriptVersion: version, status: 'PENDING' });
}

/** An operator runs a version whatever its placeholders are. */
export async function keepVersion(work: Work, id: string): Promise<void> {
  await work.nativeUpdate(ScriptVersion, { id }, { placeholders: 'kept' });
}

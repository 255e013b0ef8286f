import type { Work } from '../database.js';
import { dialectOf, isRowId } from '../sql.js';

/** Shows what a running script has printed so far. */
export async function saveLiveOutput(
  work: Work,
  output: {
    machineId: string;
    executionId: string;
    attempt: number;
    stdout: string;
    stderr: string;
    stdoutBytes: number;
    stderrBytes: number;
    truncated: boolean;
  },
): Promise<boolean> {
  if (!isRowId(output.executionId)) return false;
  const { now } = dialectOf(work);
  const rows = await work.execute<{ id: string }[]>(
    `update script_execution set stdout = ?, stderr = ?, stdout_bytes = ?, stderr_bytes = ?, truncated = ?, updated_at = ${now}
     where id = ? and machine_id = ? and attempt = ? and status = 'RUNNING' returning id`,
    [
      output.stdout,
      output.stderr,
      output.stdoutBytes,
      output.stderrBytes,
      output.truncated,
      output.executionId,
      output.machineId,
      output.attempt,
    ],
  );
  return rows.length > 0;
}

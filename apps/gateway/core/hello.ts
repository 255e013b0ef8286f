import type { FailureReason, RunEntry } from '#protocol';

/** A row that is out at a machine, as the database has it. */
export interface DeliveredRow {
  id: string;
  attempt: number;
  deliveryStartedAt: Date | null;
  startConfirmed: boolean;
  bootId: string | null;
}

export type RowJudgement =
  | { id: string; action: 'keep' }
  /** The guest never got it: it goes out again, as the same attempt. */
  | { id: string; action: 'return' }
  | { id: string; action: 'fail'; failureReason: FailureReason; error: string };

/**
 * What an agent's hello says about the rows that were delivered before it (agents with a spool): listed ones
 * are alive or finished. One that is not listed was never accepted, unless its start is on record or the
 * spool is another one than at delivery: then it is lost.
 */
export function judgeRows(
  rows: readonly DeliveredRow[],
  hello: { runs: readonly RunEntry[]; bootId: string | null; spoolChanged: boolean; receivedAt: Date },
): RowJudgement[] {
  return rows.map((row): RowJudgement => {
    if (row.deliveryStartedAt === null || row.deliveryStartedAt >= hello.receivedAt)
      return { id: row.id, action: 'keep' };
    if (hello.runs.some((run) => run.execution_id === row.id && run.attempt === row.attempt))
      return { id: row.id, action: 'keep' };
    if (!row.startConfirmed && !hello.spoolChanged) return { id: row.id, action: 'return' };
    return { id: row.id, action: 'fail', ...lostReason(row, hello.bootId) };
  });
}

/** Agents without a list have no memory over a restart: what was delivered before their handshake is lost. */
export function judgeRowsOfPublicAgent(rows: readonly DeliveredRow[], receivedAt: Date): RowJudgement[] {
  return rows.map((row): RowJudgement => {
    if (row.deliveryStartedAt === null || row.deliveryStartedAt >= receivedAt)
      return { id: row.id, action: 'keep' };
    return {
      id: row.id,
      action: 'fail',
      failureReason: 'AGENT_LOST',
      error: 'the agent started again and does not know this run',
    };
  });
}

function lostReason(
  row: DeliveredRow,
  bootId: string | null,
): { failureReason: FailureReason; error: string } {
  if (row.bootId !== null && bootId !== null && row.bootId !== bootId) {
    return {
      failureReason: 'INTERRUPTED_BY_REBOOT',
      error: 'the machine restarted while the script ran, and its agent lost the run',
    };
  }
  return {
    failureReason: 'AGENT_LOST',
    error: 'the agent lost the run: it was installed again, or its disk was set back',
  };
}

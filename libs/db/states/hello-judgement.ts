import type { FailureReason, RunEntry } from '#protocol';
import type { ScriptExecution } from '../entities/script-execution.js';

/** A row that is out at a machine. */
type DeliveredRow = Pick<ScriptExecution, 'id' | 'attempt' | 'startConfirmed' | 'bootId'>;

/** What a hello says that came after the delivery. */
export interface HelloNews {
  /** What the agent has in its spool; null from agents that keep no list. */
  runs: readonly Pick<RunEntry, 'execution_id' | 'attempt'>[] | null;
  /** The boot that the machine is in now. */
  bootId: string | null;
  /** The boot in which the machine was as of its hello before. */
  bootBefore: string | null;
  /** The agent was installed again, or its disk was set back. */
  spoolChanged: boolean;
}

export type RowJudgement =
  | { action: 'keep' }
  /** The guest never got it: it goes out again, as the same attempt. */
  | { action: 'return' }
  | { action: 'fail'; failureReason: FailureReason; error: string };

/**
 * What an agent's hello says about a row that was delivered before it: one that is listed is alive or
 * finished. One that is not was never accepted, unless its start is on record or the spool is another one
 * than at delivery: then it is lost. An agent without a list has no memory over a restart: all are lost.
 */
export function judgeRow(row: DeliveredRow, hello: HelloNews): RowJudgement {
  if (hello.runs === null) return lost('AGENT_LOST', 'the agent started again and does not know this run');
  if (hello.runs.some((run) => run.execution_id === row.id && run.attempt === row.attempt))
    return { action: 'keep' };
  if (!row.startConfirmed && !hello.spoolChanged) return { action: 'return' };
  // Of a run whose start nobody has told, the boot is the one in which it was handed out.
  const ranIn = row.bootId ?? hello.bootBefore;
  if (ranIn !== null && hello.bootId !== null && ranIn !== hello.bootId)
    return lost(
      'INTERRUPTED_BY_REBOOT',
      'the machine restarted while the script ran, and its agent lost the run',
    );
  return lost('AGENT_LOST', 'the agent lost the run: it was installed again, or its disk was set back');
}

const lost = (failureReason: FailureReason, error: string): RowJudgement => ({
  action: 'fail',
  failureReason,
  error,
});

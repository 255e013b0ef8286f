import type { FailureReason, FinalStatus, ScriptCompletion } from '#protocol';

export interface Verdict {
  status: FinalStatus;
  failureReason: FailureReason | null;
  error: string | null;
}

const success: Verdict = { status: 'SUCCESS', failureReason: null, error: null };
const failed = (failureReason: FailureReason, error: string): Verdict => ({
  status: 'FAILED',
  failureReason,
  error,
});
const timeout = (error: string): Verdict => ({ status: 'TIMEOUT', failureReason: null, error });

/**
 * What a completion means. Agents that give a status are believed; for the others the exit code and its
 * conventions decide.
 * @param currentBoot the boot that the machine is in now, as its hello said
 */
export function verdictOf(
  completion: Pick<ScriptCompletion, 'exit_code' | 'status' | 'stderr' | 'signal' | 'boot_id'>,
  currentBoot: string | null = null,
): Verdict {
  const { exit_code: exitCode, status, signal } = completion;
  const stderr = completion.stderr ?? '';
  switch (status) {
    case 'success':
      return success;
    case 'timeout':
      return timeout('the script ran into its deadline and was ended');
    case 'cancelled':
      return { status: 'CANCELLED', failureReason: null, error: null };
    case 'interrupted':
      if (currentBoot !== null && completion.boot_id === currentBoot)
        return failed('AGENT_LOST', "the script's supervisor was ended: how the script ended is not known");
      return failed('INTERRUPTED_BY_REBOOT', 'the machine restarted while the script ran');
    case 'failed':
      if (signal) return failed('EXIT_CODE', `the script was ended by signal ${signal}`);
      return exitCode === -1
        ? failed('NOT_STARTED', firstLine(stderr) ?? 'the agent could not start the script')
        : failed('EXIT_CODE', `the script ended with exit code ${exitCode}`);
    case undefined:
      break;
    default:
      return status satisfies never;
  }
  if (exitCode === 0) return success;
  if (exitCode === -1) return failed('NOT_STARTED', 'the agent did not run the script, or it was killed');
  // The public agent reports its own faults, and timeouts among them, as exit 1 with this text.
  if (exitCode === 1 && stderr.startsWith('Command execution failed:')) {
    return /time[d]?[ -]?out/i.test(stderr)
      ? timeout(firstLine(stderr) ?? '')
      : failed('NOT_STARTED', firstLine(stderr) ?? '');
  }
  return failed('EXIT_CODE', `the script ended with exit code ${exitCode}`);
}

function firstLine(text: string): string | null {
  return text.split('\n', 1)[0]?.trim().slice(0, 500) || null;
}

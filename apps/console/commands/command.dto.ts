import type { MachineCommand } from '#db';
import type { CommandDto, CommandState } from '#protocol';

const MESSAGES: Record<CommandState, string> = {
  PENDING: 'waits for the machine: GET /api/machines/:id/health says how it is',
  SENT: 'was sent; the answer is not here yet',
  ANSWERED: 'was answered',
  EXPIRED: 'was never sent: the machine was not reachable in time; ask again, or use a script, which waits',
  LOST: 'was sent and not answered in time: it may have run; an answer that comes late is kept',
};

export function toCommandDto(row: MachineCommand): CommandDto {
  const { id, machineId, request, state, timeoutSeconds, success, exitCode, stdout, stderr, data } = row;
  return {
    id,
    machineId,
    request,
    state,
    timeoutSeconds,
    success,
    exitCode,
    // A list has not read them.
    stdout: stdout ?? null,
    stderr: stderr ?? null,
    data: data ?? null,
    truncated: row.truncated,
    durationMs: row.durationMs,
    message: MESSAGES[state],
    triggeredBy: row.triggeredBy,
    createdAt: row.createdAt.toISOString(),
    sentAt: row.sentAt?.toISOString() ?? null,
    answeredAt: row.answeredAt?.toISOString() ?? null,
  };
}

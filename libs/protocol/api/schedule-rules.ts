import type { Fault } from '../fault.js';

/** A request in which any field may be missing or of another type: its own fault is told elsewhere. */
type Unchecked = Partial<
  Record<
    | 'machineIds'
    | 'scheduledFor'
    | 'timeZone'
    | 'cron'
    | 'repeatIntervalMinutes'
    | 'deliverBy'
    | (typeof OF_A_SERIES)[number],
    unknown
  >
>;

const OF_A_SERIES = [
  'maxExecutions',
  'missedRuns',
  'missedWindowMinutes',
  'jitterSeconds',
  'stopOnFailure',
] as const;

/** What one field of a schedule means for another. */
export function checkScheduleRules(request: Unchecked): Fault[] {
  return [...timeFaults(request), ...cronFaults(request), ...seriesFaults(request), ...twice(request)];
}

function timeFaults({ scheduledFor, timeZone, cron }: Unchecked): Fault[] {
  if (typeof scheduledFor !== 'string' || !/^\d{4}-\d\d-\d\dT/.test(scheduledFor)) return [];
  const local = !/(Z|[+-]\d\d:\d\d)$/i.test(scheduledFor);
  if (local && timeZone === undefined)
    return [
      {
        path: 'scheduledFor',
        message: 'is a local time without a zone',
        remedy: 'add its offset (…Z or …+02:00) or give timeZone',
      },
    ];
  // A cron expression needs the zone for itself.
  if (!local && timeZone !== undefined && cron === undefined)
    return [
      {
        path: 'timeZone',
        message: 'scheduledFor has an offset already',
        remedy: 'give a local time with timeZone, or a time with its offset alone',
      },
    ];
  return [];
}

/** Whether the expression can be read is asked where its times are computed. */
function cronFaults({ cron, repeatIntervalMinutes }: Unchecked): Fault[] {
  if (cron === undefined || repeatIntervalMinutes === undefined) return [];
  return [{ path: 'cron', message: 'and repeatIntervalMinutes are both given', remedy: 'keep one of them' }];
}

function seriesFaults(request: Unchecked): Fault[] {
  const faults: Fault[] = [];
  const fault = (path: string, message: string, remedy: string): void =>
    void faults.push({ path, message, remedy });
  const { missedRuns, missedWindowMinutes, jitterSeconds, repeatIntervalMinutes, deliverBy } = request;
  const repeats = repeatIntervalMinutes !== undefined || request.cron !== undefined;
  for (const name of OF_A_SERIES)
    if (request[name] !== undefined && !repeats)
      fault(name, 'only a repeating schedule has it', 'add repeatIntervalMinutes or cron, or leave it out');
  if (missedWindowMinutes !== undefined && (missedRuns ?? 'one') === 'one')
    fault('missedWindowMinutes', 'is for missedRuns skip and all', 'set missedRuns, or leave it out');
  if (
    typeof jitterSeconds === 'number' &&
    typeof repeatIntervalMinutes === 'number' &&
    repeatIntervalMinutes > 0 &&
    jitterSeconds >= repeatIntervalMinutes * 60
  )
    fault(
      'jitterSeconds',
      `must be less than the interval of ${repeatIntervalMinutes * 60} s`,
      'give a smaller jitter or a longer interval',
    );
  if (repeats && deliverBy !== undefined)
    fault(
      'deliverBy',
      'a repeating schedule has no single one',
      'use missedRuns: "skip" with missedWindowMinutes',
    );
  return faults;
}

function twice({ machineIds }: Unchecked): Fault[] {
  if (!Array.isArray(machineIds)) return [];
  const seen = new Set<unknown>();
  for (const id of machineIds as unknown[]) {
    if (typeof id === 'string' && seen.has(id))
      return [{ path: 'machineIds', message: `${id} is named twice`, remedy: 'name each machine once' }];
    seen.add(id);
  }
  return [];
}

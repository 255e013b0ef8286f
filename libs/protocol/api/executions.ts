import { z } from 'zod';
import {
  count,
  EXAMPLE_ID,
  executionStatus,
  executionType,
  failureReason,
  givenTime,
  inputValues,
  runAs,
  shownId,
  timeoutSeconds,
  uuid,
  wireTime,
} from './fields.js';
import { stepsOf } from '../fault.js';
import { dbInt, dbLocalTime, dbText } from '../storable.js';
import { FAILURE_REASONS, type FailureReason } from '../statuses.js';
import { isTimeZone } from '../time-zones.js';
import { PageQuery } from './pages.js';
import { checkScheduleRules } from './schedule-rules.js';

export const ScheduleExecutions = z
  .strictObject({
    scriptId: uuid.describe('The id of a script that was saved.'),
    scriptVersion: dbInt(1).optional().describe('The newest when left out.'),
    machineIds: z
      .array(uuid)
      .min(1, 'must name at least one machine')
      .max(1000)
      .describe('The ids of the machines that it runs on.'),
    scheduledFor: z
      .union([givenTime, dbLocalTime()], {
        error: 'must be a time such as 2027-01-31T14:00:00Z',
      })
      .optional()
      .describe(
        'With its offset; or local, such as 2027-01-31T14:00, with `timeZone`. At once when left out.',
      )
      .meta({ examples: ['2027-01-31T14:00:00Z'] }),
    timeZone: dbText(64)
      .refine(isTimeZone, 'must be an IANA time zone such as Europe/Berlin')
      .optional()
      .describe('The IANA zone of `scheduledFor` and `cron`, such as Europe/Berlin; UTC when left out.')
      .meta({ examples: ['Europe/Berlin'] }),
    repeatIntervalMinutes: dbInt(1, 5_256_000, { min: 'must be at least 1 minute' }).optional(),
    cron: dbText(256).optional().describe('Five fields, by the clock of `timeZone`.'),
    maxExecutions: dbInt(1).optional(),
    missedRuns: z
      .enum(['one', 'skip', 'all'], { error: 'must be one, skip or all' })
      .optional()
      .describe('What becomes of runs whose time passed unheard: `one` of them, none, or all.'),
    missedWindowMinutes: dbInt(1, 525_600)
      .optional()
      .describe('`skip`: how late a run may start (5). `all`: how far back runs are made good (1440).'),
    jitterSeconds: dbInt(0, 86_400).optional().describe('Each run is put off by up to this.'),
    stopOnFailure: z.boolean().optional().describe('The first failure ends the series.'),
    inputs: inputValues.optional(),
    deliverBy: givenTime
      .optional()
      .describe('It becomes FAILED with EXPIRED when it was not handed out by then.'),
    runAs: runAs.optional(),
    timeoutSeconds: timeoutSeconds.optional(),
    order: dbInt(0, 1_000_000).optional(),
  })
  .superRefine(
    (request, context) => {
      for (const { path, message, remedy } of checkScheduleRules(request))
        context.addIssue({ code: 'custom', path: stepsOf(path), message, params: { remedy } });
    },
    // Also when a field is wrong by itself: every fault is told, never the first only.
    { when: ({ value }) => typeof value === 'object' && value !== null },
  )
  .meta({
    id: 'ScheduleExecutions',
    description:
      'A script for machines: at once, at a time, or by a repeating schedule. All machines or none.',
    examples: [
      { scriptId: EXAMPLE_ID, machineIds: [EXAMPLE_ID], inputs: { greeting: 'hello' } },
      { scriptId: EXAMPLE_ID, machineIds: [EXAMPLE_ID], cron: '30 2 * * 1-5', timeZone: 'Europe/Berlin' },
    ],
  });
export type ScheduleExecutions = z.output<typeof ScheduleExecutions>;

export const ExecutionDto = z
  .object({
    id: shownId,
    scriptId: shownId,
    scriptVersion: z.number().int().min(1),
    machineId: shownId,
    executionType,
    status: executionStatus,
    failureReason: failureReason.nullable(),
    seriesId: shownId.nullable().describe('Of a repeating schedule.'),
    slot: z.number().int().nullable().describe('Which run of the series it is, from 0.'),
    order: z.number().int().describe('Lower goes first among those that are due.'),
    scheduledFor: wireTime,
    deliverBy: wireTime
      .nullable()
      .describe('It becomes FAILED with EXPIRED when it was not handed out by then.'),
    repeatIntervalMinutes: z.number().int().nullable(),
    lastExecutedAt: wireTime.nullable(),
    executionCount: count,
    maxExecutions: z.number().int().nullable(),
    inputValues: z.record(z.string(), z.unknown()).describe('Passwords are shown as •••.'),
    timeoutSeconds: z.number().int(),
    runAs: z.string().nullable(),
    attempt: z.number().int().describe('From 1; more after a restart or a retry.'),
    epoch: z.number().int().describe('Raised with every hand-over to a machine.'),
    deliveryStartedAt: wireTime.nullable(),
    startedAt: wireTime.nullable(),
    completedAt: wireTime.nullable(),
    bootId: z.string().nullable(),
    exitCode: z.number().int().nullable(),
    signal: z.number().int().nullable().describe('The signal that ended it, on Linux.'),
    stdout: z.string().nullable().describe('What it printed; null in lists.'),
    stderr: z.string().nullable().describe('The same of its other stream.'),
    stdoutBytes: count.describe('Of the whole stream, also where its middle was cut.'),
    stderrBytes: count.describe('Of the whole stream, also where its middle was cut.'),
    stdoutSha256: z
      .string()
      .nullable()
      .describe('Hexadecimal, of the whole stream; null from agents that do not count it.'),
    stderrSha256: z
      .string()
      .nullable()
      .describe('Hexadecimal, of the whole stream; null from agents that do not count it.'),
    truncated: z.boolean().describe('The middle of a stream was cut.'),
    survivors: z
      .number()
      .int()
      .nullable()
      .describe('Processes of the script that could not be ended with it.'),
    durationMs: z.number().int().nullable(),
    error: z.string().nullable().describe('Why it did not end well, in words.'),
    leaseOwner: z.string().nullable(),
    leaseExpiresAt: wireTime.nullable(),
    cancelRequestedAt: wireTime.nullable(),
    triggeredBy: z.string().describe('The name of the token, or who asked over the bus.'),
    createdAt: wireTime,
    updatedAt: wireTime,
  })
  .meta({
    id: 'Execution',
    description: 'One run of a script on one machine, from its schedule to its result.',
  });
export type ExecutionDto = z.output<typeof ExecutionDto>;

/** The rows of one request, in the order of its machines. */
export const ScheduledExecutions = z.object({ items: z.array(ExecutionDto) }).meta({
  id: 'ScheduledExecutions',
  description: 'One execution per machine, in the order of `machineIds`.',
});
export type ScheduledExecutions = z.output<typeof ScheduledExecutions>;

export const StoppedSeries = z
  .object({ seriesId: shownId, cancelled: z.array(shownId).describe('Its executions that were open.') })
  .meta({ id: 'StoppedSeries', description: 'A series that makes no more executions.' });
export type StoppedSeries = z.output<typeof StoppedSeries>;

export const explanationCode = z
  .enum([
    'success',
    'cancelled',
    'timeout',
    'not_due',
    'machine_gone',
    'machine_unregistered',
    'gateway_missing',
    'waits_for_reboot',
    'waits_for_setup',
    'waits_for_installation',
    'waits_for_first_boot',
    'waits_for_slot',
    'being_delivered',
    'channel_missing',
    'channel_refused',
    'channel_occupied',
    'channel_closed',
    'channel_silent',
    'channel_deaf',
    'channel_other_identity',
    'channel_unknown',
    'cancelling',
    'claimed',
    'delivered',
    'running',
    // A run that failed is explained by its reason.
    ...FAILURE_REASONS.map((reason) => reason.toLowerCase() as Lowercase<FailureReason>),
    'failed',
  ])
  .meta({ id: 'ExplanationCode', description: 'Why an execution is where it is.' });
export type ExplanationCode = z.output<typeof explanationCode>;

export const ExplanationDto = z
  .object({
    executionId: shownId,
    status: executionStatus,
    code: explanationCode,
    message: z.string().describe('The same in words.'),
    remedy: z.string().nullable().describe('What to do; null when there is nothing to do.'),
  })
  .meta({ id: 'Explanation', description: 'Why an execution is where it is, and what to do about it.' });
export type ExplanationDto = z.output<typeof ExplanationDto>;

export const outputStream = z
  .enum(['stdout', 'stderr'], { error: 'must be stdout or stderr' })
  .meta({ id: 'OutputStream', description: 'What a script printed, or its complaints.' });
export type OutputStream = z.output<typeof outputStream>;

/** What a follower of an execution gets: the name of the server-sent event, and the JSON of its data line. */
export const ExecutionEvent = z
  .union([
    z
      .object({ event: z.literal('status'), data: ExecutionDto })
      .meta({ id: 'StatusEvent', description: 'The row as it is now: first of all, and after each change.' }),
    z
      .object({
        event: z.literal('output'),
        data: z.object({
          attempt: z.number().int(),
          stream: outputStream,
          offset: count.describe('Where the piece begins in its stream, in bytes.'),
          data: z.string().describe('Text, at most 64 KiB.'),
        }),
      })
      .meta({ id: 'OutputEvent', description: 'A piece of what the script prints, while it runs.' }),
  ])
  .meta({
    id: 'ExecutionEvent',
    description:
      'A server-sent event: `event` is its name, `data` is the JSON of its data line. The stream ends after the status that is final.',
  });

export const ListExecutions = PageQuery.extend({
  machineId: uuid.optional(),
  status: executionStatus.optional(),
  seriesId: uuid.optional(),
  from: givenTime.optional().describe('Made at this time or later.'),
  to: givenTime.optional().describe('Made before this time.'),
});
export type ListExecutions = z.output<typeof ListExecutions>;

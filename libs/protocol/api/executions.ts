import { z } from 'zod';
import {
  executionStatus,
  executionType,
  failureReason,
  givenTime,
  inputValues,
  runAs,
  timeoutSeconds,
  uuid,
  wireTime,
} from './fields.js';
import { isTimeZone } from '../time-zones.js';

export const ScheduleExecutions = z
  .strictObject({
    scriptId: uuid,
    scriptVersion: z.number().int().min(1).optional(),
    machineIds: z.array(uuid).min(1, 'must name at least one machine').max(1000),
    /** With offset; or local (2027-01-31T14:00) with `timeZone`. */
    scheduledFor: z.union([givenTime, z.iso.datetime({ local: true })]).optional(),
    timeZone: z
      .string()
      .max(64)
      .refine(isTimeZone, 'must be an IANA time zone such as Europe/Berlin')
      .optional(),
    repeatIntervalMinutes: z.number().int().min(1, 'must be at least 1 minute').max(5_256_000).optional(),
    /** Five fields, by the clock of `timeZone` (UTC unless given). */
    cron: z.string().max(256).optional(),
    maxExecutions: z.number().int().min(1, 'must be at least 1').optional(),
    missedRuns: z.enum(['one', 'skip', 'all'], { error: 'must be one, skip or all' }).optional(),
    /** `skip`: how late a run may start (5). `all`: how far back runs are made good (1440). */
    missedWindowMinutes: z.number().int().min(1).max(525_600).optional(),
    jitterSeconds: z.number().int().min(0).max(86_400).optional(),
    stopOnFailure: z.boolean().optional(),
    inputs: inputValues.optional(),
    deliverBy: givenTime.optional(),
    runAs: runAs.optional(),
    timeoutSeconds: timeoutSeconds.optional(),
    order: z.number().int().min(0).max(1_000_000).optional(),
  })
  .superRefine((request, context) => {
    const fault = (path: string, message: string, remedy: string) =>
      context.addIssue({ code: 'custom', path: [path], message, params: { remedy } });
    if (request.cron !== undefined && request.repeatIntervalMinutes !== undefined)
      fault('cron', 'and repeatIntervalMinutes are both given', 'keep one of them');
    const { scheduledFor, timeZone } = request;
    const local = scheduledFor !== undefined && !/(Z|[+-]\d\d:\d\d)$/i.test(scheduledFor);
    if (local && timeZone === undefined) {
      fault(
        'scheduledFor',
        'is a local time without a zone',
        'add its offset (…Z or …+02:00) or give timeZone',
      );
    }
    // A cron expression needs the zone for itself.
    if (scheduledFor !== undefined && !local && timeZone !== undefined && request.cron === undefined) {
      fault(
        'timeZone',
        'scheduledFor has an offset already',
        'give a local time with timeZone, or a time with its offset alone',
      );
    }
    const repeats = request.repeatIntervalMinutes !== undefined || request.cron !== undefined;
    for (const name of [
      'maxExecutions',
      'missedRuns',
      'missedWindowMinutes',
      'jitterSeconds',
      'stopOnFailure',
    ] as const) {
      if (request[name] !== undefined && !repeats)
        fault(name, 'only a repeating schedule has it', 'add repeatIntervalMinutes or cron, or leave it out');
    }
    if (request.missedWindowMinutes !== undefined && (request.missedRuns ?? 'one') === 'one')
      fault('missedWindowMinutes', 'is for missedRuns skip and all', 'set missedRuns, or leave it out');
    const { jitterSeconds = 0, repeatIntervalMinutes } = request;
    if (repeatIntervalMinutes !== undefined && jitterSeconds >= repeatIntervalMinutes * 60)
      fault(
        'jitterSeconds',
        `must be less than the interval of ${repeatIntervalMinutes * 60} s`,
        'give a smaller jitter or a longer interval',
      );
    if (repeats && request.deliverBy !== undefined)
      fault(
        'deliverBy',
        'a repeating schedule has no single one',
        'use missedRuns: "skip" with missedWindowMinutes',
      );
    const duplicates = request.machineIds.filter((id, index) => request.machineIds.indexOf(id) !== index);
    if (duplicates.length > 0)
      fault('machineIds', `${duplicates[0]} is named twice`, 'name each machine once');
  });
export type ScheduleExecutions = z.output<typeof ScheduleExecutions>;

export const ExecutionDto = z.object({
  id: z.uuid(),
  scriptId: z.uuid(),
  scriptVersion: z.number().int(),
  machineId: z.uuid(),
  executionType,
  status: executionStatus,
  failureReason: failureReason.nullable(),
  seriesId: z.uuid().nullable(),
  slot: z.number().int().nullable(),
  order: z.number().int(),
  scheduledFor: wireTime,
  deliverBy: wireTime.nullable(),
  repeatIntervalMinutes: z.number().int().nullable(),
  lastExecutedAt: wireTime.nullable(),
  executionCount: z.number().int(),
  maxExecutions: z.number().int().nullable(),
  /** Passwords are shown as •••. */
  inputValues: z.record(z.string(), z.unknown()),
  timeoutSeconds: z.number().int(),
  runAs: z.string().nullable(),
  attempt: z.number().int(),
  epoch: z.number().int(),
  deliveryStartedAt: wireTime.nullable(),
  startedAt: wireTime.nullable(),
  completedAt: wireTime.nullable(),
  bootId: z.string().nullable(),
  exitCode: z.number().int().nullable(),
  signal: z.number().int().nullable(),
  stdout: z.string().nullable(),
  stderr: z.string().nullable(),
  /** Of the whole stream, also where its middle was cut. */
  stdoutBytes: z.number().int(),
  stderrBytes: z.number().int(),
  /** Hexadecimal, of the whole stream; null from agents that do not count it. */
  stdoutSha256: z.string().nullable(),
  stderrSha256: z.string().nullable(),
  truncated: z.boolean(),
  /** Processes of the script that could not be ended with it. */
  survivors: z.number().int().nullable(),
  durationMs: z.number().int().nullable(),
  error: z.string().nullable(),
  leaseOwner: z.string().nullable(),
  leaseExpiresAt: wireTime.nullable(),
  cancelRequestedAt: wireTime.nullable(),
  triggeredBy: z.string(),
  createdAt: wireTime,
  updatedAt: wireTime,
});
export type ExecutionDto = z.output<typeof ExecutionDto>;

export const ExplanationDto = z.object({
  executionId: z.uuid(),
  status: executionStatus,
  code: z.string(),
  message: z.string(),
  remedy: z.string().nullable(),
});
export type ExplanationDto = z.output<typeof ExplanationDto>;

export const ListExecutions = z.strictObject({
  machineId: uuid.optional(),
  status: executionStatus.optional(),
  seriesId: uuid.optional(),
  from: givenTime.optional(),
  to: givenTime.optional(),
  cursor: z.string().max(256).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});
export type ListExecutions = z.output<typeof ListExecutions>;

export const Page = z.strictObject({
  cursor: z.string().max(256).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});
export type Page = z.output<typeof Page>;

export const ErrorDto = z.object({
  code: z.string(),
  message: z.string(),
  correlationId: z.string(),
  issues: z
    .array(z.object({ path: z.string(), message: z.string(), remedy: z.string().optional() }))
    .optional(),
});

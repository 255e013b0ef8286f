import { z } from 'zod';
import { ScheduleExecutions } from '../api/executions.js';
import { uuid } from '../api/fields.js';
import { SealedMediaRequest } from '../media/request.js';

/** Unique per request, chosen by the asker: a message that arrives twice is carried out once. */
const requestId = z.string().regex(/^[\w.:-]{8,128}$/, 'must be 8 to 128 letters, digits, . _ : or -');
/** Who asks, for the audit. */
const requestedBy = z.string().max(128).default('bus');

const withRequest = <S extends z.ZodRawShape>(shape: S) =>
  z.strictObject({ requestId, requestedBy, ...shape });

/** Requests; each is answered with `{ ok: true, result }` or `{ ok: false, error }`. */
export const BusRequests = {
  mediaCreate: { pattern: 'media.create', schema: withRequest({ request: SealedMediaRequest }) },
  mediaPlan: { pattern: 'media.plan', schema: withRequest({ request: SealedMediaRequest }) },
  mediaGet: { pattern: 'media.get', schema: withRequest({ id: uuid }) },
  mediaDelete: { pattern: 'media.delete', schema: withRequest({ id: uuid }) },
  scriptSchedule: { pattern: 'script.schedule', schema: withRequest({ request: ScheduleExecutions }) },
  scriptCancel: { pattern: 'script.cancel', schema: withRequest({ executionId: uuid }) },
} as const;

export const WakeEvent = z.object({ machineId: z.uuid() });
export const CancelEvent = z.object({ executionId: z.uuid(), machineId: z.uuid() });
export const ExecutionChanged = z.object({ executionId: z.uuid(), machineId: z.uuid(), status: z.string() });
export const ExecutionOutput = z.object({
  executionId: z.uuid(),
  machineId: z.uuid(),
  attempt: z.number().int(),
  stream: z.enum(['stdout', 'stderr']),
  offset: z.number().int(),
  /** At most 64 KiB of text. */
  data: z.string(),
});
export type ExecutionOutput = z.output<typeof ExecutionOutput>;
export const MachineChanged = z.object({ machineId: z.uuid(), channel: z.string() });
export const CommandEvent = z.object({ commandId: z.uuid(), machineId: z.uuid() });
export const MediaChanged = z.object({
  mediaId: z.uuid(),
  machineId: z.uuid(),
  change: z.enum(['created', 'deleted']),
});

/** Events: rings without an answer. A gateway listens to its own patterns and to those of `all`. */
export const BusEvents = {
  wake: (hostId: string | null) => `gateway.${hostId ?? 'all'}.wake`,
  cancel: (hostId: string | null) => `gateway.${hostId ?? 'all'}.cancel`,
  command: (hostId: string | null) => `gateway.${hostId ?? 'all'}.command`,
  commandChanged: 'command.changed',
  executionChanged: 'execution.changed',
  executionOutput: 'execution.output',
  machineChanged: 'machine.changed',
  mediaChanged: 'media.changed',
} as const;

import { z } from 'zod';
import { ExecutionDto, ScheduledExecutions, ScheduleExecutions } from '../api/executions.js';
import { channelState, executionStatus, shownId, uuid } from '../api/fields.js';
import { MediaResult } from '../media/result.js';
import { dbText } from '../storable.js';
import { SealedMediaRequest } from '../media/request.js';

export const RequestId = dbText(128, /^[\w.:-]{8,128}$/, 'must be 8 to 128 letters, digits, . _ : or -').meta(
  {
    id: 'RequestId',
    description:
      'Chosen by whoever asks, unique per request: a message that arrives twice is carried out once, and a repeat gets the same answer. ' +
      'Its first 64 characters are the correlationId of errors, log lines and the audit.',
    examples: ['order-4711.web-1'],
  },
);

const requestedBy = dbText(128)
  .default('bus')
  .meta({ description: 'Who asks, for the audit.', examples: ['orchestrator'] });

/** A request with its own fields beside the two that all have. */
type Request<S extends z.ZodRawShape> = z.ZodObject<
  { requestId: typeof RequestId; requestedBy: typeof requestedBy } & S,
  z.core.$strict
>;
const withRequest = <S extends z.ZodRawShape>(id: string, shape: S): Request<S> =>
  z.strictObject({ requestId: RequestId, requestedBy, ...shape }).meta({ id });

export const MediaCreate: Request<{ request: typeof SealedMediaRequest }> = withRequest('MediaCreate', {
  request: SealedMediaRequest,
});
export const MediaPlanRequest: Request<{ request: typeof SealedMediaRequest }> = withRequest(
  'MediaPlanRequest',
  { request: SealedMediaRequest },
);
export const MediaGet = withRequest('MediaGet', { id: uuid });
export const MediaDelete = withRequest('MediaDelete', { id: uuid });
export const ScriptSchedule: Request<{ request: typeof ScheduleExecutions }> = withRequest('ScriptSchedule', {
  request: ScheduleExecutions,
});
export const ScriptCancel = withRequest('ScriptCancel', { executionId: uuid });

/** One thing that may be asked over the bus. */
interface BusRequestDefinition<P extends string, S extends z.ZodType, R extends z.ZodType> {
  readonly pattern: P;
  readonly summary: string;
  readonly schema: S;
  /** Of a reply that is `ok`. */
  readonly result: R;
  /**
   * How long to wait for the reply before the request is sent again under its requestId; what `Bus.request`
   * waits unless told otherwise.
   */
  readonly timeoutMs: number;
}

/**
 * Everything that may be asked, by name. `media.*` is answered by the media app, `script.*` by the console.
 */
export const BusRequests: {
  readonly mediaCreate: BusRequestDefinition<'media.create', typeof MediaCreate, typeof MediaResult>;
  readonly mediaPlan: BusRequestDefinition<'media.plan', typeof MediaPlanRequest, typeof MediaResult>;
  readonly mediaGet: BusRequestDefinition<'media.get', typeof MediaGet, typeof MediaResult>;
  readonly mediaDelete: BusRequestDefinition<'media.delete', typeof MediaDelete, z.ZodNull>;
  readonly scriptSchedule: BusRequestDefinition<
    'script.schedule',
    typeof ScriptSchedule,
    typeof ScheduledExecutions
  >;
  readonly scriptCancel: BusRequestDefinition<'script.cancel', typeof ScriptCancel, typeof ExecutionDto>;
} = {
  mediaCreate: {
    pattern: 'media.create',
    summary: 'Make the install medium of a machine, with its first-boot scripts.',
    schema: MediaCreate,
    result: MediaResult,
    timeoutMs: 60_000,
  },
  mediaPlan: {
    pattern: 'media.plan',
    summary: 'What media.create would make: sizes, hashes and plan, and nothing that stays.',
    schema: MediaPlanRequest,
    result: MediaResult,
    timeoutMs: 60_000,
  },
  mediaGet: {
    pattern: 'media.get',
    summary: 'One medium.',
    schema: MediaGet,
    result: MediaResult,
    timeoutMs: 10_000,
  },
  mediaDelete: {
    pattern: 'media.delete',
    summary: 'Remove a medium and its files.',
    schema: MediaDelete,
    result: z.null(),
    timeoutMs: 10_000,
  },
  scriptSchedule: {
    pattern: 'script.schedule',
    summary: 'Schedule a script on machines: all of them or none.',
    schema: ScriptSchedule,
    result: ScheduledExecutions,
    timeoutMs: 10_000,
  },
  scriptCancel: {
    pattern: 'script.cancel',
    summary: 'Cancel an execution: one that waits at once, one that runs as soon as its machine was told.',
    schema: ScriptCancel,
    result: ExecutionDto,
    timeoutMs: 10_000,
  },
};

type Definition = (typeof BusRequests)[keyof typeof BusRequests];
/** A pattern that may be asked. */
export type BusPattern = Definition['pattern'];
/** What is sent to a pattern; fields with a default may be left out. */
export type BusRequestOf<P extends BusPattern> = z.input<Extract<Definition, { pattern: P }>['schema']>;
/** What a pattern's reply holds as `result`. */
export type BusResultOf<P extends BusPattern> = z.output<Extract<Definition, { pattern: P }>['result']>;

/** In milliseconds; what a pattern has that is not among `BusRequests`. */
const DEFAULT_TIMEOUT_MS = 10_000;

/** How long to wait for the reply to a pattern, in milliseconds. */
export function busTimeoutMs(pattern: string): number {
  const known = Object.values(BusRequests).find((request) => request.pattern === pattern);
  return known?.timeoutMs ?? DEFAULT_TIMEOUT_MS;
}

export const WakeEvent = z.object({ machineId: shownId }).meta({
  id: 'WakeEvent',
  description: 'This machine has something to do: look at the database now.',
});
export const CancelEvent = z.object({ executionId: shownId, machineId: shownId }).meta({
  id: 'CancelEvent',
  description: 'This running execution is to be cancelled.',
});
export const CommandEvent = z.object({ commandId: shownId, machineId: shownId }).meta({
  id: 'CommandEvent',
  description: 'A command waits for this machine, or has changed its state.',
});
export const ExecutionChanged = z
  .object({ executionId: shownId, machineId: shownId, status: executionStatus })
  .meta({ id: 'ExecutionChanged', description: 'An execution has another status now.' });
export const ExecutionOutput = z
  .object({
    executionId: shownId,
    machineId: shownId,
    attempt: z.number().int().meta({ description: 'Which run of the execution; the first is 1.' }),
    stream: z.enum(['stdout', 'stderr']),
    offset: z
      .number()
      .int()
      .meta({ description: 'Position of the first byte in the stream, in bytes of what the guest wrote.' }),
    data: z.string().meta({ description: 'Text, at most 64 KiB; secrets are replaced by *.' }),
  })
  .meta({
    id: 'ExecutionOutput',
    description:
      'A piece of what a running script prints. It may get lost; the row has the whole at the end.',
  });
export type ExecutionOutput = z.output<typeof ExecutionOutput>;
export const MachineChanged = z
  .object({ machineId: shownId, channel: channelState })
  .meta({ id: 'MachineChanged', description: 'The state of the channel to a machine has changed.' });
export const MediaChanged = z
  .object({ mediaId: shownId, machineId: shownId, change: z.enum(['created', 'deleted']) })
  .meta({ id: 'MediaChanged', description: 'A medium was made or removed.' });

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

interface BusEventDefinition {
  readonly pattern: string;
  readonly schema: z.ZodObject;
  /** What is for gateways is the suite's own and may change without notice. */
  readonly audience: 'orchestrators' | 'gateways';
}

/** Every event with its shape, and whom it is for. */
export const BUS_EVENTS: readonly BusEventDefinition[] = [
  { pattern: BusEvents.wake('<hostId>'), schema: WakeEvent, audience: 'gateways' },
  { pattern: BusEvents.cancel('<hostId>'), schema: CancelEvent, audience: 'gateways' },
  { pattern: BusEvents.command('<hostId>'), schema: CommandEvent, audience: 'gateways' },
  { pattern: BusEvents.commandChanged, schema: CommandEvent, audience: 'orchestrators' },
  { pattern: BusEvents.executionChanged, schema: ExecutionChanged, audience: 'orchestrators' },
  { pattern: BusEvents.executionOutput, schema: ExecutionOutput, audience: 'orchestrators' },
  { pattern: BusEvents.machineChanged, schema: MachineChanged, audience: 'orchestrators' },
  { pattern: BusEvents.mediaChanged, schema: MediaChanged, audience: 'orchestrators' },
];

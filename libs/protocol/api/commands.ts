import { z } from 'zod';
import { COMMAND_STATES } from '../statuses.js';
import { wireTime } from './fields.js';

/** In seconds: a command is for a machine that is running now; what takes longer is a script. */
export const COMMAND_TIMEOUT = { default: 60, longest: 3600 } as const;
/** Characters, so that the signed line fits the channel. */
const RAW_COMMAND_LIMIT = 16_384;

const plain = <A extends string>(action: A) => z.strictObject({ action: z.literal(action) });

/** What an agent knows without a shell; the fields beside `action` are its own. */
const KnownAction = z.discriminatedUnion(
  'action',
  [
    plain('ServiceList'),
    z.strictObject({
      action: z.literal('ServiceControl'),
      service: z
        .string()
        .min(1)
        .max(256)
        .regex(/^[A-Za-z0-9@._:\\$ ][A-Za-z0-9@._:\\$ -]*$/, "must be a service's name"),
      operation: z.enum(['start', 'stop', 'restart', 'reload', 'enable', 'disable', 'status'], {
        error: 'must be start, stop, restart, reload, enable, disable or status',
      }),
    }),
    plain('ProcessList'),
    z.strictObject({
      action: z.literal('ProcessKill'),
      pid: z.number().int().min(2).max(4_294_967_295),
      /** KILL instead of TERM. */
      force: z.boolean().optional(),
    }),
    plain('SystemInfo'),
    plain('OsInfo'),
    plain('PackageList'),
    plain('CheckDiskSpace'),
  ],
  {
    error:
      'must be ServiceList, ServiceControl, ProcessList, ProcessKill, SystemInfo, OsInfo, PackageList or CheckDiskSpace',
  },
);

const text = (limit: number) =>
  z
    .string()
    .min(1, 'must not be empty')
    .max(limit)
    .refine((value) => !value.includes('\0'), 'must not contain NUL');

const timeoutSeconds = z
  .number()
  .int()
  .min(1)
  .max(COMMAND_TIMEOUT.longest, 'must be at most 3600: what takes longer is a script')
  .default(COMMAND_TIMEOUT.default);

export const CreateCommand = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('SafeCommand'), command: KnownAction, timeoutSeconds }),
    z.strictObject({
      type: z.literal('UnsafeCommand'),
      /** One line of shell. It is kept and audited as it is: secrets belong in a script's password inputs. */
      rawCommand: text(RAW_COMMAND_LIMIT),
      /** The machine's own when it is left out: sh on Linux, PowerShell on Windows. */
      shell: z
        .enum(['sh', 'bash', 'powershell', 'cmd'], { error: 'must be sh, bash, powershell or cmd' })
        .optional(),
      workingDir: text(1024).optional(),
      timeoutSeconds,
    }),
  ],
  { error: 'must be SafeCommand or UnsafeCommand' },
);
export type CreateCommand = z.output<typeof CreateCommand>;
/** A command as it is kept. */
export type CommandRequest =
  | Pick<Extract<CreateCommand, { type: 'SafeCommand' }>, 'type' | 'command'>
  | Omit<Extract<CreateCommand, { type: 'UnsafeCommand' }>, 'timeoutSeconds'>;

export const commandState = z.enum(COMMAND_STATES);

export const CommandDto = z.object({
  id: z.uuid(),
  machineId: z.uuid(),
  request: z.unknown(),
  state: commandState,
  timeoutSeconds: z.number().int(),
  success: z.boolean(),
  exitCode: z.number().nullable(),
  stdout: z.string().nullable(),
  stderr: z.string().nullable(),
  data: z.unknown(),
  truncated: z.boolean(),
  durationMs: z.number().nullable(),
  /** What the state means, and what to do. */
  message: z.string(),
  triggeredBy: z.string(),
  createdAt: wireTime,
  sentAt: wireTime.nullable(),
  answeredAt: wireTime.nullable(),
});
export type CommandDto = z.output<typeof CommandDto>;

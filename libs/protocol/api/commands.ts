import { z } from 'zod';
import { COMMAND_STATES } from '../statuses.js';
import { dbInt, dbNumber, dbText } from '../storable.js';
import { shownId, wireTime } from './fields.js';

/** In seconds: a command is for a machine that is running now; what takes longer is a script. */
export const COMMAND_TIMEOUT = { default: 60, longest: 3600 } as const;
/** Characters, so that the signed line fits the channel. */
const RAW_COMMAND_LIMIT = 16_384;

const plain = <A extends string>(action: A) =>
  z.strictObject({ action: z.literal(action) }).meta({ id: action, title: action });

const ACTIONS =
  'ServiceList, ServiceControl, ProcessList, ProcessKill, SystemInfo, OsInfo, PackageList or CheckDiskSpace';

/** What an agent knows without a shell; the fields beside `action` are its own. */
const KnownAction = z
  .discriminatedUnion(
    'action',
    [
      plain('ServiceList'),
      z
        .strictObject({
          action: z.literal('ServiceControl'),
          service: dbText(256, /^[A-Za-z0-9@._:\\$ ][A-Za-z0-9@._:\\$ -]*$/, "must be a service's name"),
          operation: z.enum(['start', 'stop', 'restart', 'reload', 'enable', 'disable', 'status'], {
            error: 'must be start, stop, restart, reload, enable, disable or status',
          }),
        })
        .meta({ id: 'ServiceControl' }),
      plain('ProcessList'),
      z
        .strictObject({
          action: z.literal('ProcessKill'),
          pid: dbNumber().int().min(2).max(4_294_967_295),
          force: z.boolean().optional().describe('KILL instead of TERM.'),
        })
        .meta({ id: 'ProcessKill' }),
      plain('SystemInfo'),
      plain('OsInfo'),
      plain('PackageList'),
      plain('CheckDiskSpace'),
    ],
    {
      error: ({ input }) => {
        const { action } = (input ?? {}) as { action?: unknown };
        const restart = typeof action === 'string' && /boot|restart|shut/i.test(action);
        return `must be ${ACTIONS}${restart ? '; exit 194 of a script restarts the machine' : ''}`;
      },
    },
  )
  .meta({ id: 'KnownAction', description: 'What an agent knows without a shell.' });

const text = (limit: number) => dbText(limit).min(1, 'must not be empty');

const timeoutSeconds = dbInt(1, COMMAND_TIMEOUT.longest, {
  max: 'must be at most 3600: what takes longer is a script',
}).default(COMMAND_TIMEOUT.default);

export const CreateCommand = z
  .discriminatedUnion(
    'type',
    [
      z
        .strictObject({ type: z.literal('SafeCommand'), command: KnownAction, timeoutSeconds })
        .meta({ id: 'SafeCommand' }),
      z
        .strictObject({
          type: z.literal('UnsafeCommand'),
          rawCommand: text(RAW_COMMAND_LIMIT).describe(
            "One line of shell. It is kept and audited as it is: secrets belong in a script's password inputs.",
          ),
          shell: z
            .enum(['sh', 'bash', 'powershell', 'cmd'], { error: 'must be sh, bash, powershell or cmd' })
            .optional()
            .describe("The machine's own when it is left out: sh on Linux, PowerShell on Windows."),
          workingDir: text(1024).optional(),
          timeoutSeconds,
        })
        .meta({ id: 'UnsafeCommand' }),
    ],
    { error: 'must be SafeCommand or UnsafeCommand' },
  )
  .meta({
    id: 'CreateCommand',
    description: 'A question to a machine that is running now. What takes longer is a script.',
    examples: [{ type: 'SafeCommand', command: { action: 'OsInfo' } }],
  });
export type CreateCommand = z.output<typeof CreateCommand>;
/** A command as it is kept. */
export type CommandRequest =
  | Pick<Extract<CreateCommand, { type: 'SafeCommand' }>, 'type' | 'command'>
  | Omit<Extract<CreateCommand, { type: 'UnsafeCommand' }>, 'timeoutSeconds'>;

export const commandState = z.enum(COMMAND_STATES).meta({
  id: 'CommandState',
  description: 'EXPIRED was never sent; LOST was sent and not answered in time.',
});

export const CommandDto = z
  .object({
    id: shownId,
    machineId: shownId,
    request: z.unknown().describe('What was asked, without its time-out.'),
    state: commandState,
    timeoutSeconds: z.number().int(),
    success: z.boolean(),
    exitCode: z.number().int().nullable(),
    stdout: z.string().nullable().describe('What the agent answered; null in lists.'),
    stderr: z.string().nullable().describe('The same of its other stream.'),
    data: z.unknown().describe('What the agent answered beside text; null in lists.'),
    truncated: z.boolean(),
    durationMs: z.number().nullable(),
    message: z.string().describe('What the state means, and what to do.'),
    triggeredBy: z.string(),
    createdAt: wireTime,
    sentAt: wireTime.nullable(),
    answeredAt: wireTime.nullable(),
  })
  .meta({ id: 'Command', description: 'A question to a machine, and its answer.' });
export type CommandDto = z.output<typeof CommandDto>;

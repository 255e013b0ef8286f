/**
 * Every state that a row or a channel can be in, and what follows from it: one table for TypeScript, the
 * schemas and the SQL. A table names all members of its type, so a new state does not compile before it has
 * said what it is.
 */

type Table = Readonly<Record<string, boolean>>;

function keysOf<T extends Table>(table: T): readonly (keyof T & string)[] {
  return Object.keys(table);
}

/** Members for which the table says true. */
type Yes<T extends Table> = { [K in keyof T & string]: T[K] extends true ? K : never }[keyof T & string];

/** Status of an execution: has the run ended? Nothing but late truth changes a row that has. */
const EXECUTION_HAS_ENDED = {
  PENDING: false,
  RUNNING: false,
  SUCCESS: true,
  FAILED: true,
  TIMEOUT: true,
  CANCELLED: true,
} as const;

export type ExecutionStatus = keyof typeof EXECUTION_HAS_ENDED;
export type FinalStatus = Yes<typeof EXECUTION_HAS_ENDED>;
type OpenStatus = Exclude<ExecutionStatus, FinalStatus>;

export const isFinal = (status: ExecutionStatus): status is FinalStatus => EXECUTION_HAS_ENDED[status];
export const isOpen = (status: ExecutionStatus): status is OpenStatus => !EXECUTION_HAS_ENDED[status];

export const EXECUTION_STATUSES = keysOf(EXECUTION_HAS_ENDED);
export const OPEN_STATUSES: readonly OpenStatus[] = EXECUTION_STATUSES.filter(isOpen);

/**
 * Why an execution is FAILED: is it a loss, that is, does nobody know how the run ended? A lost run may be
 * retried.
 */
const FAILURE_IS_LOSS = {
  EXIT_CODE: false,
  INTERRUPTED_BY_REBOOT: true,
  AGENT_LOST: true,
  NOT_STARTED: false,
  REFUSED: false,
  EXPIRED: false,
  BAD_INPUT: false,
  REBOOT_LIMIT: false,
} as const;

export type FailureReason = keyof typeof FAILURE_IS_LOSS;
export const FAILURE_REASONS = keysOf(FAILURE_IS_LOSS);

export const isLoss = (reason: FailureReason | null): boolean => reason !== null && FAILURE_IS_LOSS[reason];

/** What an execution was made by: the installation of its machine, a request, or a schedule. */
export const EXECUTION_TYPES = ['FIRST_BOOT', 'ON_DEMAND', 'SCHEDULED'] as const;
export type ExecutionType = (typeof EXECUTION_TYPES)[number];

/** State of a command: has it ended? EXPIRED was never sent; LOST was sent and not answered in time. */
const COMMAND_HAS_ENDED = { PENDING: false, SENT: false, ANSWERED: true, EXPIRED: true, LOST: true } as const;

export type CommandState = keyof typeof COMMAND_HAS_ENDED;
type OpenCommandState = Exclude<CommandState, Yes<typeof COMMAND_HAS_ENDED>>;

export const COMMAND_STATES = keysOf(COMMAND_HAS_ENDED);
export const isOpenCommand = (state: CommandState): state is OpenCommandState => !COMMAND_HAS_ENDED[state];
export const OPEN_COMMAND_STATES: readonly OpenCommandState[] = COMMAND_STATES.filter(isOpenCommand);

/** What an operator sees of a machine's channel; `unknown` until a gateway has looked. */
export const CHANNEL_STATES = [
  'missing',
  'refused',
  'occupied',
  'guest-closed',
  'silent',
  'deaf',
  'ready',
  'unknown',
] as const;
export type ChannelState = (typeof CHANNEL_STATES)[number];

/** Whose id an agent says: on a disk that was copied with its identity it is another machine's. */
export const MACHINE_IDENTITIES = ['own', "another machine's"] as const;
export type MachineIdentity = (typeof MACHINE_IDENTITIES)[number];

/**
 * State of an install medium. `building` is the column's default in released migrations; rows are written as
 * `ready`.
 */
export type MediumState = 'building' | 'ready' | 'deleted';

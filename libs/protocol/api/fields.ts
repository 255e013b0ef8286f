import { z } from 'zod';
import { dbInt, dbNumber, dbText, dbTime } from '../storable.js';
import {
  CHANNEL_STATES,
  MACHINE_IDENTITIES,
  EXECUTION_STATUSES,
  EXECUTION_TYPES,
  FAILURE_REASONS,
} from '../statuses.js';

/** An example for docstrings, documents and messages. */
export const EXAMPLE_ID = '7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d';

/** Both cases are spelled out: a flag of the expression would be lost in JSON Schema, which has none. */
const UUID = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;

/** A UUID that a caller gives, of any version and in either case; it goes on in lower case. */
export const uuid = dbText(36, UUID, `must be a UUID such as ${EXAMPLE_ID}`)
  .meta({ format: 'uuid', examples: [EXAMPLE_ID] })
  .transform((id) => id.toLowerCase());

/** A UUID that the suite shows: whatever version a caller's id had. */
export const shownId = z.guid().meta({ examples: [EXAMPLE_ID] });

/** A whole number that the suite counts; JSON numbers are exact up to this size. */
export const count = z.number().int().min(0);

/** A time on the wire: RFC 3339, UTC. */
export const wireTime = z.iso.datetime().meta({ examples: ['2027-01-31T14:00:00.000Z'] });

/** A time that a caller gives: RFC 3339 with its offset, so that nobody has to guess a zone. */
export const givenTime = dbTime(
  'must be a time with its offset, such as 2027-01-31T14:00:00Z or 2027-01-31T14:00:00+02:00',
).meta({ examples: ['2027-01-31T14:00:00Z', '2027-01-31T14:00:00+02:00'] });

export const displayName = dbText(
  100,
  /^[^\p{Cc}\p{Cs}]*$/u,
  'must not contain control characters or halves of one',
).min(1, 'must not be empty');

export const shell = z
  .enum(['POWERSHELL', 'CMD', 'BASH', 'SH'], {
    error: 'must be POWERSHELL, CMD, BASH or SH',
  })
  .meta({
    id: 'Shell',
    description: 'What runs a script. POWERSHELL and CMD are of Windows, BASH and SH of Linux.',
  });
export type Shell = z.output<typeof shell>;
/** As a caller may write it: `bash` is BASH. */
export const givenShell = z
  .string({ error: 'must be POWERSHELL, CMD, BASH or SH' })
  .transform((text) => text.toUpperCase())
  .pipe(shell)
  .meta({
    description: 'What runs the script: POWERSHELL, CMD, BASH or SH, in either case.',
    examples: ['BASH'],
    documentedAs: { type: 'string', examples: ['BASH', 'SH', 'POWERSHELL', 'CMD'] },
  });

export const platform = z
  .enum(['windows', 'linux'], { error: 'must be windows or linux' })
  .meta({ id: 'Platform', description: 'The kind of operating system in a machine.' });
export type Platform = z.output<typeof platform>;

export const channelState = z.enum(CHANNEL_STATES).meta({
  id: 'ChannelState',
  description:
    'How the channel between gateway and guest is: `ready` when InfiniService talks, `unknown` before a gateway has looked.',
});

export const machineIdentity = z.enum(MACHINE_IDENTITIES).meta({
  id: 'MachineIdentity',
  description:
    "Whose id the machine's InfiniService says; null before its first hello. Another machine's: its disk is a copy, and it gets no work.",
});

export const executionStatus = z
  .enum(EXECUTION_STATUSES)
  .meta({ id: 'ExecutionStatus', description: 'PENDING and RUNNING are open; the others are final.' });

export const executionType = z.enum(EXECUTION_TYPES).meta({
  id: 'ExecutionType',
  description: 'Why it runs: with the first boot of a medium, at once, or at a time of its own.',
});

export const failureReason = z
  .enum(FAILURE_REASONS)
  .meta({ id: 'FailureReason', description: 'Why an execution is FAILED.' });

/** 48 hours. */
export const MAX_TIMEOUT_SECONDS = 172_800;
export const timeoutSeconds = dbInt(1, MAX_TIMEOUT_SECONDS, { max: 'must be at most 172800 (48 hours)' });

export const inputValue = z.union([dbText(65_536), dbNumber(), z.boolean()], {
  error: 'must be text of at most 65536 characters, a number, true or false',
});
export const inputValues = z.record(dbText(64), inputValue);
export type InputValues = z.output<typeof inputValues>;

export const runAs = dbText(
  105,
  /^[A-Za-z_][A-Za-z0-9_.\\@-]{0,103}\$?$/,
  'must be a user name of the guest',
).meta({ examples: ['postgres'] });

/**
 * Where a shell runs, first what a script in it is for when it does not say so. PowerShell runs on Linux
 * where it was put.
 */
export const SHELL_PLATFORMS: Readonly<Record<Shell, readonly [Platform, ...Platform[]]>> = {
  POWERSHELL: ['windows', 'linux'],
  CMD: ['windows'],
  BASH: ['linux'],
  SH: ['linux'],
};

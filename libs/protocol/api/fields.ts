import { z } from 'zod';
import { CHANNEL_STATES, EXECUTION_STATUSES, EXECUTION_TYPES, FAILURE_REASONS } from '../statuses.js';

export const uuid = z
  .string()
  .regex(
    // No flag: JSON Schema knows none, and upper case must be right there too.
    /^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$/,
    'must be a UUID such as 7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d',
  )
  .transform((id) => id.toLowerCase());

/** A time on the wire: RFC 3339, UTC. */
export const wireTime = z.iso.datetime();

/** A time that a caller gives: RFC 3339 with its offset, so that nobody has to guess a zone. */
export const givenTime = z.iso.datetime({
  offset: true,
  error: 'must be a time with its offset, such as 2027-01-31T14:00:00Z or 2027-01-31T14:00:00+02:00',
});

export const displayName = z
  .string()
  .min(1, 'must not be empty')
  .max(100, 'must have at most 100 characters')
  .regex(/^[^\p{Cc}]*$/u, 'must not contain control characters');

export const shell = z.enum(['POWERSHELL', 'CMD', 'BASH', 'SH'], {
  error: 'must be POWERSHELL, CMD, BASH or SH',
});
export type Shell = z.output<typeof shell>;

export const platform = z.enum(['windows', 'linux'], { error: 'must be windows or linux' });
export type Platform = z.output<typeof platform>;

export const channelState = z.enum(CHANNEL_STATES);

export const executionStatus = z.enum(EXECUTION_STATUSES);

export const executionType = z.enum(EXECUTION_TYPES);

export const failureReason = z.enum(FAILURE_REASONS);

/** 48 hours. */
export const MAX_TIMEOUT_SECONDS = 172_800;
export const timeoutSeconds = z
  .number()
  .int()
  .min(1)
  .max(MAX_TIMEOUT_SECONDS, 'must be at most 172800 (48 hours)');

export const inputValue = z.union([z.string().max(65_536), z.number(), z.boolean()]);
export const inputValues = z.record(z.string().max(64), inputValue);
export type InputValues = z.output<typeof inputValues>;

export const runAs = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_.\\@-]{0,103}\$?$/, 'must be a user name of the guest');

/** Where a shell runs, first what a script in it is for when it does not say so. PowerShell runs on Linux where it was put. */
export const SHELL_PLATFORMS: Readonly<Record<Shell, readonly [Platform, ...Platform[]]>> = {
  POWERSHELL: ['windows', 'linux'],
  CMD: ['windows'],
  BASH: ['linux'],
  SH: ['linux'],
};

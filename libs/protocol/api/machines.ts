import { z } from 'zod';
import { channelState, displayName, platform, uuid, wireTime } from './fields.js';

export const CreateMachine = z.strictObject({
  id: uuid.optional(),
  name: displayName,
  hostId: z.string().min(1).max(253).optional(),
  os: platform.optional(),
});
export type CreateMachine = z.output<typeof CreateMachine>;

export const MachineDto = z.object({
  id: z.uuid(),
  name: z.string(),
  hostId: z.string().nullable(),
  os: platform.nullable(),
  registered: z.boolean(),
  channel: channelState,
  agentVersion: z.string().nullable(),
  lastSeenAt: wireTime.nullable(),
  createdAt: wireTime,
});
export type MachineDto = z.output<typeof MachineDto>;

export const MachineHealthDto = z.object({
  machineId: z.uuid(),
  ok: z.boolean(),
  channel: channelState,
  agentVersion: z.string().nullable(),
  lastSeenAt: wireTime.nullable(),
  install: z
    .object({
      phase: z.string(),
      since: wireTime,
      reason: z.string().nullable(),
      logTail: z.string().nullable(),
    })
    .nullable(),
  code: z.string(),
  message: z.string(),
  remedy: z.string().nullable(),
});
export type MachineHealthDto = z.output<typeof MachineHealthDto>;

export const MachineEventDto = z.object({
  id: z.string(),
  machineId: z.uuid(),
  kind: z.enum(['agent', 'channel', 'security', 'install', 'metrics']),
  severity: z.enum(['debug', 'info', 'warn', 'error']),
  code: z.string(),
  message: z.string(),
  executionId: z.string().nullable(),
  data: z.unknown(),
  createdAt: wireTime,
});
export type MachineEventDto = z.output<typeof MachineEventDto>;

/** What a machine fetched from the distribution API. */
export const DownloadDto = z.object({
  id: z.string(),
  machineId: z.uuid(),
  address: z.string(),
  file: z.string(),
  version: z.string(),
  sha256: z.string(),
  bytes: z.number().int(),
  status: z.number().int(),
  result: z.string(),
  createdAt: wireTime,
});
export type DownloadDto = z.output<typeof DownloadDto>;

/** Who changed what; values never hold a secret. */
export const AuditDto = z.object({
  id: z.string(),
  actor: z.string(),
  action: z.string(),
  subjectType: z.string(),
  subjectId: z.string(),
  before: z.unknown(),
  after: z.unknown(),
  correlationId: z.string(),
  createdAt: wireTime,
});
export type AuditDto = z.output<typeof AuditDto>;

export const HostDto = z.object({
  id: z.string(),
  lastSeenAt: wireTime,
  version: z.string(),
  machines: z.number().int(),
  leases: z.number().int(),
  ready: z.number().int(),
  /** Seconds since the gateway last wrote its row, by the database's clock. */
  lagSeconds: z.number(),
});
export type HostDto = z.output<typeof HostDto>;

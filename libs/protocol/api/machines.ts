import { z } from 'zod';
import {
  channelState,
  count,
  displayName,
  EXAMPLE_ID,
  machineIdentity,
  platform,
  shownId,
  uuid,
  wireTime,
} from './fields.js';
import { dbText } from '../storable.js';
import { PageQuery } from './pages.js';

export const CreateMachine = z
  .strictObject({
    id: uuid.optional().describe('Chosen by the caller, such as the id of the VM; made here when left out.'),
    name: displayName.meta({ description: 'What people call the machine.', examples: ['web-1'] }),
    hostId: dbText(253)
      .min(1)
      .optional()
      .describe('The gateway of the host that runs it; any gateway finds it when left out.'),
    os: platform.optional(),
  })
  .meta({
    id: 'CreateMachine',
    description: 'A machine to register, before or after it exists.',
    examples: [{ id: EXAMPLE_ID, name: 'web-1', os: 'linux' }],
  });
export type CreateMachine = z.output<typeof CreateMachine>;

export const ListMachines = PageQuery.extend({
  name: displayName.optional().describe('Only machines of exactly this name.'),
});
export type ListMachines = z.output<typeof ListMachines>;

export const MachineDto = z
  .object({
    id: shownId,
    name: z.string(),
    hostId: z.string().nullable().describe('The host whose gateway last held it.'),
    os: platform.nullable(),
    registered: z.boolean().describe('False for a socket that a gateway found and nobody registered.'),
    channel: channelState,
    identity: machineIdentity.nullable(),
    agentVersion: z.string().nullable(),
    lastSeenAt: wireTime.nullable().describe('When its InfiniService was last heard of.'),
    createdAt: wireTime,
  })
  .meta({
    id: 'Machine',
    description: 'A virtual machine that the suite knows.',
    examples: [
      {
        id: EXAMPLE_ID,
        name: 'web-1',
        hostId: 'host-a',
        os: 'linux',
        registered: true,
        channel: 'ready',
        identity: 'own',
        agentVersion: '1.4.2',
        lastSeenAt: '2027-01-31T14:00:00.000Z',
        createdAt: '2027-01-31T13:00:00.000Z',
      },
    ],
  });
export type MachineDto = z.output<typeof MachineDto>;

export const MachineHealthDto = z
  .object({
    machineId: shownId,
    ok: z.boolean().describe('InfiniService is installed and talks.'),
    channel: channelState,
    identity: machineIdentity.nullable(),
    installedBy: shownId
      .nullable()
      .describe('The medium that installed the system which speaks there; null when it has proved none.'),
    agentVersion: z.string().nullable(),
    lastSeenAt: wireTime.nullable(),
    install: z
      .object({
        phase: z.string(),
        since: wireTime,
        reason: z.string().nullable(),
        logTail: z.string().nullable(),
      })
      .nullable()
      .describe('How far its installation is; null when nothing is known of one.'),
    code: z
      .enum([
        'ok',
        'agent_unsigned',
        'machine_unregistered',
        'channel_missing',
        'channel_refused',
        'channel_occupied',
        'channel_closed',
        'channel_silent',
        'channel_deaf',
        'channel_other_identity',
        'channel_unknown',
      ])
      .meta({ id: 'HealthCode', description: 'What keeps a machine from taking scripts, or `ok`.' }),
    message: z.string().describe('The same in words.'),
    remedy: z.string().nullable().describe('What to do; null when there is nothing to do.'),
  })
  .meta({ id: 'MachineHealth', description: 'Is InfiniService installed and talking?' });
export type MachineHealthDto = z.output<typeof MachineHealthDto>;

export const MachineEventDto = z
  .object({
    id: shownId,
    machineId: shownId,
    kind: z
      .enum(['agent', 'channel', 'security', 'install', 'metrics'])
      .meta({ id: 'MachineEventKind', description: 'What told of it.' }),
    severity: z
      .enum(['debug', 'info', 'warn', 'error'])
      .meta({ id: 'Severity', description: 'How much it matters.' }),
    code: z.string().describe('Stable and dotted.'),
    message: z.string(),
    executionId: shownId.nullable(),
    data: z
      .unknown()
      .describe('What the event carries beside its message, 16 KiB at most; null in the list of events.'),
    createdAt: wireTime,
  })
  .meta({
    id: 'MachineEvent',
    description: 'Something that happened to a machine, or that its agent measured.',
  });
export type MachineEventDto = z.output<typeof MachineEventDto>;

/** What a machine fetched from the distribution API. */
export const DownloadDto = z
  .object({
    id: shownId,
    machineId: shownId,
    address: z.string().describe('The network address that asked.'),
    file: z.string(),
    version: z.string(),
    sha256: z.string(),
    count: count.describe('How often it was fetched that day; one row tells of all of it.'),
    bytes: count.describe('Bytes that were sent, in all.'),
    status: z.number().int().describe('The HTTP status of the last answer.'),
    result: z.string().describe('Of the last one: complete or aborted.'),
    createdAt: wireTime.describe('Of the last one.'),
  })
  .meta({
    id: 'Download',
    description: 'A file that a machine fetched from the distribution API in one day (UTC).',
  });
export type DownloadDto = z.output<typeof DownloadDto>;

/** Who changed what; values never hold a secret. */
export const AuditDto = z
  .object({
    id: shownId,
    actor: z.string().describe('The name of the token, or who asked over the bus.'),
    action: z.string(),
    subjectType: z.string(),
    subjectId: z.string(),
    before: z.unknown(),
    after: z.unknown(),
    correlationId: z.string(),
    createdAt: wireTime,
  })
  .meta({ id: 'AuditEntry', description: 'Who changed what. Values never hold a secret.' });
export type AuditDto = z.output<typeof AuditDto>;

export const HostDto = z
  .object({
    id: z.string(),
    lastSeenAt: wireTime,
    version: z.string(),
    machines: count.describe('Sockets that its gateway looks after.'),
    leases: count.describe('Machines whose lease its gateway holds.'),
    ready: count.describe('Machines whose InfiniService talks.'),
    lagSeconds: z
      .number()
      .min(0)
      .describe('Since the gateway last wrote its row, by the clock of the database.'),
  })
  .meta({ id: 'Host', description: 'A host with a gateway.' });
export type HostDto = z.output<typeof HostDto>;

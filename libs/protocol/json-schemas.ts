import { z } from 'zod';
import {
  BusRequests,
  CancelEvent,
  ExecutionChanged,
  ExecutionOutput,
  MachineChanged,
  MediaChanged,
  WakeEvent,
} from './bus/messages.js';
import { GuestMessage } from './channel/guest-messages.js';
import { HostMessage, SignedEnvelope } from './channel/host-messages.js';
import { MediaResult } from './media/plan.js';
import { MediaRequest } from './media/request.js';

const SCHEMAS: Record<string, [z.ZodType, 'input' | 'output']> = {
  'channel-to-host': [GuestMessage, 'input'],
  'channel-to-guest': [HostMessage, 'output'],
  'channel-signed': [SignedEnvelope, 'output'],
  'media-request': [MediaRequest, 'input'],
  'media-result': [MediaResult, 'output'],
  'bus-requests': [
    z.object(Object.fromEntries(Object.values(BusRequests).map(({ pattern, schema }) => [pattern, schema]))),
    'input',
  ],
  'bus-events': [
    z.object({
      'gateway.<hostId>.wake': WakeEvent,
      'gateway.<hostId>.cancel': CancelEvent,
      'execution.changed': ExecutionChanged,
      'execution.output': ExecutionOutput,
      'machine.changed': MachineChanged,
      'media.changed': MediaChanged,
    }),
    'output',
  ],
};

/** JSON Schema (2020-12) of everything that crosses a process, by file name; for whoever writes another agent or orchestrator. */
export function jsonSchemas(): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(SCHEMAS).map(([name, [schema, io]]) => [
      name,
      z.toJSONSchema(schema, { io, unrepresentable: 'any' }),
    ]),
  );
}

import { z } from 'zod';
import { BUS_EVENTS, BusRequests } from './bus/messages.js';
import { busReply } from './bus/reply.js';
import { SignedRequest } from './bus/signed-request.js';
import { GuestMessage } from './channel/guest-messages.js';
import { HostMessage, SignedEnvelope } from './channel/host-messages.js';
import { MediaResult } from './media/result.js';
import { MediaRequest } from './media/request.js';

const requests = Object.values(BusRequests);
const byPattern = <T extends { pattern: string }>(list: readonly T[], schemaOf: (entry: T) => z.ZodType) =>
  z.object(Object.fromEntries(list.map((entry) => [entry.pattern, schemaOf(entry)])));

/**
 * `input`: as a caller writes it, what has a default may be left out; what a reader gets may have more fields
 * than are named here, so that clients outlive an addition.
 */
const SCHEMAS: Record<string, [z.ZodType, 'input' | 'output']> = {
  'channel-to-host': [GuestMessage, 'input'],
  'channel-to-guest': [HostMessage, 'output'],
  'channel-signed': [SignedEnvelope, 'output'],
  'media-request': [MediaRequest, 'input'],
  'media-result': [MediaResult, 'input'],
  'bus-requests': [byPattern(requests, ({ schema }) => z.union([schema, SignedRequest])), 'input'],
  'bus-replies': [byPattern(requests, ({ result }) => busReply(result)), 'input'],
  'bus-events': [byPattern(BUS_EVENTS, ({ schema }) => schema), 'input'],
};

/**
 * JSON Schema (2020-12) of everything that crosses a process, by file name; for whoever writes another agent
 * or orchestrator.
 */
export function jsonSchemas(): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(SCHEMAS).map(([name, [schema, io]]) => [
      name,
      z.toJSONSchema(schema, { io, unrepresentable: 'any' }),
    ]),
  );
}

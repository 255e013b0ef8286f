import { z } from 'zod';
import { BUS_EVENTS, BusRequests } from './bus/messages.js';
import { busReply } from './bus/reply.js';
import { SignedRequest } from './bus/signed-request.js';
import { GuestMessage } from './channel/guest-messages.js';
import { HostMessage, SignedEnvelope } from './channel/host-messages.js';

type Json = Record<string, unknown>;
const ref = (path: string): Json => ({ $ref: `#/${path}` });
/** `media.create` as an identifier: `mediaCreate`. */
const nameOf = (pattern: string): string =>
  pattern.replace('<hostId>.', '').replace(/\.(\w)/g, (_, letter: string) => letter.toUpperCase());
const packetId = z
  .string()
  .meta({ description: 'Chosen by the sender, unique among its open requests; the reply carries it.' });

/**
 * The document of channel and bus. Its schemas are draft 7 of JSON Schema, which is what AsyncAPI 3 tools
 * read.
 */
export function asyncApi(version: string): Json {
  const schemas = new Schemas();
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Infinibay Guest Suite: channel and bus',
      version,
      license: { name: 'MIT' },
      description: INFO,
    },
    defaultContentType: 'application/json',
    servers: {
      redis: {
        host: 'localhost:6379',
        protocol: 'redis',
        description:
          'The bus: Redis publish/subscribe, at REDIS_URL. The host stands for yours; off loopback use a password and TLS.',
      },
      guest: {
        host: 'localhost',
        protocol: 'virtio-serial',
        description:
          'The channel: the virtio-serial port org.infinibay.agent of one machine, a UNIX socket on its hypervisor host.',
      },
    },
    channels: { ...channelOfTheGuest(schemas), ...requestChannels(schemas), ...eventChannels(schemas) },
    operations: { ...guestOperations, ...requestOperations(), ...eventOperations() },
    components: {
      schemas: schemas.all(),
      correlationIds: {
        packet: { location: '$message.payload#/id', description: 'A reply carries the id of its request.' },
      },
    },
  };
}

const INFO = `\
The channel is what a hypervisor's gateway and a guest's agent say to each other over the virtio-serial port org.infinibay.agent: one JSON object a line,
UTF-8, ended by a newline, in both directions. A line to the guest has at most 1 MiB, one from the guest at most 4 MiB; a longer one is skipped to the next newline.

The bus is what the apps of the suite, and orchestrators, say to each other over Redis publish/subscribe, in the packets of the Redis transport of NestJS:
a request is published to the channel that is named like its pattern as { pattern, data, id }, its reply to \`<pattern>.reply\` as { id, response, isDisposed };
an event is published as { pattern, data }. Subscribe to the reply channel before you publish. Every instance that listens gets every message: take the first
reply with your id. PUBLISH returns how many listen: 0 means that the app is not there. Nothing is stored: after x-timeout-ms send the request again, under the same requestId.

Every \`response\` is { ok: true, result } or { ok: false, error }. Every request has a second form, { payload, auth }: see SignedRequest.

Operations are written from the side of the suite: what it receives, an orchestrator sends. Events with x-audience gateways are the suite's own.`.replace(
  /([^\n])\n(?!\n)/g,
  '$1 ',
);

/** Collects the schemas that the document uses, each under its id. */
class Schemas {
  private readonly found: Json = {};

  /**
   * @param io `input` for what others write and for what they read with fields to come, `output` for what we
   * write exactly
   */
  of(schema: z.ZodType, io: 'input' | 'output' = 'input'): Json {
    const {
      definitions,
      $schema: _,
      ...rest
    } = z.toJSONSchema(schema, { io, target: 'draft-7', unrepresentable: 'any' });
    Object.assign(this.found, withComponentRefs(definitions ?? {}));
    const { id } = schema.meta() ?? {};
    if (id === undefined) return withComponentRefs(rest) as Json;
    if (!('$ref' in rest)) this.found[id] = withComponentRefs(rest);
    return ref(`components/schemas/${id}`);
  }

  all(): Json {
    return Object.fromEntries(Object.entries(this.found).sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

function withComponentRefs(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((entry: unknown) => withComponentRefs(entry));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      // Inside a document of many schemas this would begin another base for its references.
      .filter(([key, entry]) => !(key === 'id' && typeof entry === 'string' && 'type' in value))
      .map(([key, entry]: [string, unknown]) => [
        key,
        key === '$ref' && typeof entry === 'string'
          ? entry.replace('#/definitions/', '#/components/schemas/')
          : withComponentRefs(entry),
      ]),
  );
}

/** Each message by its type. */
function messagesOf(
  union: typeof GuestMessage | typeof HostMessage,
  schemas: Schemas,
  io: 'input' | 'output',
): Json {
  return Object.fromEntries(
    union.options.map((option): [string, Json] => {
      const { value } = option.shape.type;
      return [value, { name: value, title: option.description ?? value, payload: schemas.of(option, io) }];
    }),
  );
}

function channelOfTheGuest(schemas: Schemas): Json {
  const common = { address: 'org.infinibay.agent', servers: [ref('servers/guest')] };
  return {
    toHost: {
      ...common,
      title: 'from the guest to the host',
      messages: messagesOf(GuestMessage, schemas, 'input'),
    },
    toGuest: {
      ...common,
      title: 'from the host to the guest',
      messages: {
        ...messagesOf(HostMessage, schemas, 'output'),
        signed: {
          title:
            'the envelope of every line when INFINISERVICE_HMAC_MASTER_SECRET is set; payload is the inner message as text',
          payload: schemas.of(SignedEnvelope, 'output'),
        },
      },
    },
  };
}

const guestOperations: Json = {
  guestSpeaks: {
    action: 'receive',
    channel: ref('channels/toHost'),
    summary:
      'The gateway reads lines strictly in order. Nothing is sent before the guest has spoken on this connection.',
  },
  hostSpeaks: {
    action: 'send',
    channel: ref('channels/toGuest'),
    summary: 'A row is committed before its script is written, and before its completion is acked.',
  },
};

function requestChannels(schemas: Schemas): Json {
  const correlationId = ref('components/correlationIds/packet');
  return Object.fromEntries(
    Object.values(BusRequests).flatMap(({ pattern, summary, schema, result }): [string, Json][] => {
      const packet = z.object({ pattern: z.literal(pattern), id: packetId });
      const request = schemas.of(packet) as { properties: Json; required: string[] };
      request.properties['data'] = { anyOf: [schemas.of(schema), schemas.of(SignedRequest)] };
      request.required.push('data');
      const reply = schemas.of(
        z.object({ id: packetId, isDisposed: z.literal(true), response: busReply(result) }),
      );
      const servers = [ref('servers/redis')];
      return [
        [
          nameOf(pattern),
          {
            address: pattern,
            servers,
            messages: { request: { title: summary, correlationId, payload: request } },
          },
        ],
        [
          `${nameOf(pattern)}Reply`,
          {
            address: `${pattern}.reply`,
            servers,
            messages: { reply: { title: `reply to ${pattern}`, correlationId, payload: reply } },
          },
        ],
      ];
    }),
  );
}

function requestOperations(): Json {
  return Object.fromEntries(
    Object.values(BusRequests).map(({ pattern, summary, timeoutMs }) => [
      nameOf(pattern),
      {
        action: 'receive',
        channel: ref(`channels/${nameOf(pattern)}`),
        summary,
        reply: { channel: ref(`channels/${nameOf(pattern)}Reply`) },
        'x-audience': 'orchestrators',
        'x-timeout-ms': timeoutMs,
      },
    ]),
  );
}

function eventChannels(schemas: Schemas): Json {
  return Object.fromEntries(
    BUS_EVENTS.map(({ pattern, schema }) => {
      const ofHost = pattern.includes('<hostId>');
      const packet = schemas.of(
        z.object({ pattern: ofHost ? z.string() : z.literal(pattern), data: schema }),
      );
      return [
        `${nameOf(pattern)}Event`,
        {
          address: pattern.replace('<hostId>', '{hostId}'),
          servers: [ref('servers/redis')],
          ...(ofHost
            ? {
                parameters: {
                  hostId: { description: 'HOST_ID of one gateway; all: every gateway listens to it too.' },
                },
              }
            : {}),
          messages: { event: { title: schema.meta()?.description, payload: packet } },
        },
      ];
    }),
  );
}

function eventOperations(): Json {
  return Object.fromEntries(
    BUS_EVENTS.map(({ pattern, schema, audience }) => [
      `${nameOf(pattern)}Event`,
      {
        action: 'send',
        channel: ref(`channels/${nameOf(pattern)}Event`),
        summary: schema.meta()?.description,
        'x-audience': audience,
      },
    ]),
  );
}

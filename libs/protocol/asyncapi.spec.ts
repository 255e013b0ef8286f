import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Parser } from '@asyncapi/parser';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { asyncApi } from './asyncapi.js';
import { BUS_EVENTS, BusRequests } from './bus/messages.js';
import { GuestMessage } from './channel/guest-messages.js';
import { HostMessage } from './channel/host-messages.js';

const here = import.meta.dirname;
const text = readFileSync(join(here, 'asyncapi.yaml'), 'utf8');
const { version } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8')) as { version: string };

interface Document {
  channels: Record<string, { address: string; messages: Record<string, object> }>;
  operations: Record<string, Record<string, unknown>>;
  components: { schemas: Record<string, object> };
}
let document: Document;
beforeAll(() => {
  document = parse(text) as Document;
});

/** The parser reads schemas of every draft, and brings validators of its own. */
const faultsOf = async (source: string): Promise<string[]> => {
  const { diagnostics } = await new Parser().parse(source);
  // Information: newer versions of AsyncAPI exist. Severity 0 is an error, 1 a warning.
  return diagnostics
    .filter(({ severity }) => Number(severity) <= 1)
    .map(({ path, message }) => `${path.join('.')}: ${message}`);
};

describe('asyncapi.yaml', () => {
  it('is what the schemas say (npm run schemas)', () => {
    expect(document).toEqual(JSON.parse(JSON.stringify(asyncApi(version))));
  });

  it('is a valid AsyncAPI document, without a warning', async () => {
    expect(await faultsOf(text)).toEqual([]);
  });

  it('would be told apart from one that is none', async () => {
    const small = {
      asyncapi: '3.0.0',
      info: { title: 'x', version: '1' },
      channels: { a: { address: 'a' } },
    };
    const operation = (action: string, channel: string): string =>
      stringify({ ...small, operations: { x: { action, channel: { $ref: `#/channels/${channel}` } } } });
    expect(await faultsOf(operation('shout', 'a'))).not.toEqual([]);
    expect(await faultsOf(operation('send', 'nowhere'))).not.toEqual([]);
  });

  it('has each request with its reply and time-out, and each event with whom it is for', () => {
    const addresses = Object.values(document.channels).map(({ address }) => address);
    for (const { pattern, timeoutMs } of Object.values(BusRequests)) {
      expect(addresses).toEqual(expect.arrayContaining([pattern, `${pattern}.reply`]));
      const name =
        Object.keys(document.channels).find((key) => document.channels[key]?.address === pattern) ?? '';
      expect(document.operations[name]).toMatchObject({
        action: 'receive',
        'x-timeout-ms': timeoutMs,
        reply: { channel: { $ref: `#/channels/${name}Reply` } },
      });
    }
    const events = Object.values(document.operations).filter(
      ({ action, 'x-audience': who }) => action === 'send' && who,
    );
    expect(events.map((event) => event['x-audience'])).toEqual(BUS_EVENTS.map(({ audience }) => audience));
    expect(addresses).toEqual(
      expect.arrayContaining(['gateway.{hostId}.wake', 'command.changed', 'media.changed']),
    );
  });

  it('has each message of the channel by its type', () => {
    const types = (union: typeof GuestMessage | typeof HostMessage): string[] =>
      union.options.map((option) => option.shape.type.value);
    expect(Object.keys(document.channels['toHost']?.messages ?? {})).toEqual(types(GuestMessage));
    expect(Object.keys(document.channels['toGuest']?.messages ?? {})).toEqual([
      ...types(HostMessage),
      'signed',
    ]);
  });

  it('names what is told more than once', () => {
    expect(Object.keys(document.components.schemas)).toEqual(
      expect.arrayContaining([
        'BusAuth',
        'BusError',
        'MediaPlan',
        'MediaResult',
        'MediaUser',
        'RequestId',
        'SignedRequest',
      ]),
    );
  });
});

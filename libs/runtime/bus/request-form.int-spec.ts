import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { z } from 'zod';
import { signRequest } from '#protocol';
import { type RedisServer, startRedis } from '../../../test/support/servers/redis.js';
import { waitFor } from '../../../test/support/wait.js';
import { createLogger } from '../logger.js';
import { Bus } from './bus.js';

let log = '';
const stream = new Writable({
  write: (chunk: Buffer, _encoding, done) => {
    log += chunk.toString();
    done();
  },
});
const logger = createLogger({ level: 'debug', app: 'bus', stream });
const Ping = z.object({ n: z.number(), text: z.string().optional() });
const fresh = (): string => `probe.${randomUUID()}`;

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
}, 60_000);
afterAll(() => redis.stop());

const open: Bus[] = [];
async function bus(url: string | undefined, prepare: (bus: Bus) => void = () => undefined): Promise<Bus> {
  const made = new Bus(logger, url);
  open.push(made);
  prepare(made);
  await made.listen();
  return made;
}
afterEach(() => Promise.all(open.splice(0).map((one) => one.close())));

describe.each(['in the process', 'over Redis'] as const)('the bus %s', (transport) => {
  const url = (): string | undefined => (transport === 'over Redis' ? redis.url : undefined);

  it('takes a request as text too, signed or not, and refuses a form that is none', async () => {
    const pattern = fresh();
    let calls = 0;
    await bus(url(), (server) =>
      server.onRequest(pattern, Ping, ({ n, text }) => {
        calls += 1;
        return [n, text];
      }),
    );
    const client = await bus(url());
    const asked = { n: 1, text: '🔑 "\u2028' };
    const signed = signRequest(pattern, asked, { name: 'orchestrator-1', secret: 'a' });
    for (const form of [asked, signRequest(pattern, asked), signed])
      expect(await client.request(pattern, form)).toEqual([1, asked.text]);
    const { auth } = signed;
    for (const [form, path] of [
      [{ payload: 1 }, 'payload'],
      [{ payload: '{' }, 'payload'],
      [{ payload: '' }, 'payload'],
      [{ ...signed, more: 1 }, 'more'],
      [{ ...signed, auth: null }, 'auth'],
      [{ ...signed, auth: { ...auth, key: '' } }, 'auth.key'],
      [{ ...signed, auth: { ...auth, time: 'yesterday' } }, 'auth.time'],
      [{ ...signed, auth: { ...auth, mac: 'ab' } }, 'auth.mac'],
      [{ ...signed, auth: { ...auth, secret: 'a' } }, 'auth.secret'],
      [{ payload: '{"n":"x"}' }, 'n'],
      [{ payload: 'null' }, ''],
      // What is inside is no form again.
      [{ payload: JSON.stringify({ payload: '{"n":1}' }) }, 'n'],
    ] as const)
      await expect(client.request(pattern, form)).rejects.toMatchObject({
        code: 'request.invalid',
        status: 400,
        issues: [expect.objectContaining({ path })],
      });
    expect(calls).toBe(3);
  });
});

describe('Redis', () => {
  it('carries replies whose errors have the id of their request, in either form, or one of their own', async () => {
    const pattern = fresh();
    await bus(redis.url, (server) =>
      server.onRequest(pattern, z.object({ requestId: z.string(), n: z.number() }), () => {
        throw new Error('inside');
      }),
    );
    const [publisher, subscriber] = [new Redis(redis.url), new Redis(redis.url)];
    const ids = new Map<string, string>();
    subscriber.on('message', (_channel, text) => {
      const { id, response } = JSON.parse(text);
      ids.set(id, response.error.correlationId);
    });
    await subscriber.subscribe(`${pattern}.reply`);
    const long = 'order-4711'.padEnd(100, 'x');
    const asked = { failing: { requestId: long, n: 1 }, wrong: { requestId: long }, none: { n: 1 } };
    const signed = { payload: JSON.stringify(asked.wrong) };
    for (const [id, data] of Object.entries({ ...asked, signed, broken: { payload: '{' } }))
      await publisher.publish(pattern, JSON.stringify({ pattern, data, id }));
    await waitFor(() => ids.size === 5, { what: 'the five replies' });
    for (const id of ['failing', 'wrong', 'signed'])
      expect([id, ids.get(id)]).toEqual([id, long.slice(0, 64)]);
    for (const id of ['none', 'broken']) expect(ids.get(id)).toMatch(/^[0-9a-f-]{36}$/);
    expect(log).toContain(long.slice(0, 64));
    publisher.disconnect();
    subscriber.disconnect();
  });
});

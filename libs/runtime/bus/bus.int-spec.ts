import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger as NestsOwn } from '@nestjs/common';
import { Redis } from 'ioredis';
import { Writable } from 'node:stream';
import { z } from 'zod';
import { type RedisServer, startRedis } from '../../../test/support/servers/redis.js';
import { waitFor } from '../../../test/support/wait.js';
import { AppError, errorsOf, type RelayedError } from '../app-error.js';
import { createLogger } from '../logger.js';
import { Bus } from './bus.js';

class NameError extends errorsOf({
  'media.name_taken': { status: 409, when: 'It is taken.', remedy: 'choose another' },
}) {}

let log = '';
const logger = createLogger({
  level: 'debug',
  app: 'bus',
  stream: new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      log += chunk.toString();
      done();
    },
  }),
});

const Ping = z.object({ n: z.number(), text: z.string().optional() });
/** Names of their own for each case: the in-process bus has one set of listeners a process. */
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
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
// What the transports say of a lost connection goes to Nest's logger: nothing for a test's output.
NestsOwn.overrideLogger(false);
beforeAll(() => void process.on('unhandledRejection', note));
afterAll(() => void process.off('unhandledRejection', note));
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
  expect(unhandled.splice(0)).toEqual([]);
  log = '';
});

describe.each(['in the process', 'over Redis'] as const)('the bus %s', (transport) => {
  const url = (): string | undefined => (transport === 'over Redis' ? redis.url : undefined);

  it('answers a request with what the handler returned, checked by the schema', async () => {
    const pattern = fresh();
    await bus(url(), (server) =>
      server.onRequest(pattern, Ping, ({ n }) => ({ twice: n * 2, at: new Date(0) })),
    );
    const client = await bus(url());
    expect(await client.request(pattern, { n: 21 })).toEqual({ twice: 42, at: '1970-01-01T00:00:00.000Z' });
  });

  it('answers nothing with null, and keeps answers of requests at once apart', async () => {
    const pattern = fresh();
    await bus(url(), (server) => {
      server.onRequest(pattern, Ping, async ({ n }) => {
        await new Promise((resolve) => setImmediate(resolve));
        return n === 0 ? undefined : n;
      });
    });
    const client = await bus(url());
    expect(await client.request(pattern, { n: 0 })).toBeNull();
    const numbers = Array.from({ length: 200 }, (_, n) => n + 1);
    expect(await Promise.all(numbers.map((n) => client.request(pattern, { n })))).toEqual(numbers);
  });

  it('carries an error with code, status, message and issues, and nothing of its inside', async () => {
    const pattern = fresh();
    await bus(url(), (server) => {
      server.onRequest(pattern, Ping, ({ n }) => {
        if (n === 1)
          throw new NameError('media.name_taken', 'the name is taken: choose another', {
            cause: new Error('canary-inside'),
            issues: [{ path: 'hostname', message: 'is taken', remedy: 'choose another' }],
          });
        throw new Error('canary-inside');
      });
    });
    const client = await bus(url());
    await expect(client.request(pattern, { n: 1 })).rejects.toMatchObject({
      name: 'AppError',
      code: 'media.name_taken',
      status: 409,
      message: 'the name is taken: choose another',
      issues: [{ path: 'hostname', message: 'is taken', remedy: 'choose another' }],
    });
    const unforeseen = await client.request(pattern, { n: 2 }).catch((error: unknown) => error as AppError);
    expect(unforeseen).toMatchObject({ code: 'internal', status: 500 });
    expect(JSON.stringify(unforeseen) + String(unforeseen)).not.toContain('canary-inside');
    expect(log).toContain('canary-inside');
  });

  it('names every refusal: by the id of its request, otherwise by one that the log has too', async () => {
    const patterns = [fresh(), fresh()];
    const [plain = '', named = ''] = patterns;
    const Named = z.object({ requestId: z.string() });
    await bus(url(), (server) => {
      server.onRequest(plain, Ping, () => {
        throw new Error('canary-inside');
      });
      server.onRequest(named, Named, () => {
        throw new NameError('media.name_taken', 'the name is taken');
      });
    });
    const replies: unknown[] = [];
    const client = await bus(url());
    for (const [pattern, data] of [
      [named, { requestId: 'order-4711' }],
      [named, { requestId: 'order-4711', more: { requestId: 1 } }],
    ] as const)
      replies.push(await client.request(pattern, data).catch((error: unknown) => error));
    expect(replies).toEqual([
      expect.objectContaining({ correlationId: 'order-4711', remedy: 'choose another' }),
      expect.objectContaining({ correlationId: 'order-4711' }),
    ]);
    const inside = await client.request(plain, { n: 1 }).catch((error: unknown) => error as RelayedError);
    const { correlationId } = inside as RelayedError;
    expect(correlationId).toMatch(/^[0-9a-f-]{36}$/);
    expect(log).toContain(correlationId);
  });

  it('refuses a request that does not fit the schema before the handler sees it', async () => {
    const pattern = fresh();
    let calls = 0;
    await bus(url(), (server) => server.onRequest(pattern, Ping, () => (calls += 1)));
    const client = await bus(url());
    for (const hostile of [null, undefined, 0, '', 'x', [], { n: 'x' }, { n: null }, { __proto__: { n: 1 } }])
      await expect(client.request(pattern, hostile)).rejects.toMatchObject({
        code: 'request.invalid',
        status: 400,
      });
    await expect(client.request(pattern, { n: 'x', text: 1 })).rejects.toMatchObject({
      issues: [expect.objectContaining({ path: 'n' }), expect.objectContaining({ path: 'text' })],
    });
    expect(calls).toBe(0);
  });

  it('carries any text as it is', async () => {
    const pattern = fresh();
    await bus(url(), (server) => server.onRequest(pattern, Ping, ({ text }) => text));
    const client = await bus(url());
    for (const text of ['', '\0', '"\'\\\n\r\u2028', '🔑 пароль', ']]>$(id)`', 'x'.repeat(300_000)])
      expect(await client.request(pattern, { n: 1, text })).toBe(text);
  });

  it('says that what cannot be written as JSON cannot be sent, and lives on', async () => {
    const pattern = fresh();
    await bus(url(), (server) => {
      server.onRequest(pattern, Ping, ({ n }) => (n === 1 ? 10n : 'fine'));
    });
    const client = await bus(url());
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    await expect(client.request(pattern, { n: 1 }, { timeoutMs: 2000 })).rejects.toMatchObject({
      code: 'bus.unsendable',
    });
    await expect(client.request(pattern, cycle, { timeoutMs: 2000 })).rejects.toMatchObject({
      code: 'bus.unsendable',
    });
    for (const odd of [cycle, 10n, undefined, () => 1, Symbol('x')])
      expect(() => client.emit(pattern, odd)).not.toThrow();
    expect(await client.request(pattern, { n: 2 })).toBe('fine');
  });

  it('fails at once when nobody listens, naming the app', async () => {
    const client = await bus(url());
    const begun = Date.now();
    await expect(client.request(`media.${randomUUID()}`, {})).rejects.toMatchObject({
      code: 'media.unavailable',
      status: 503,
      message: expect.stringContaining('start the app that answers media.'),
    });
    expect(Date.now() - begun).toBeLessThan(3000);
  });

  it('does not wait for ever for a handler that hangs', async () => {
    const pattern = fresh();
    await bus(url(), (server) => server.onRequest(pattern, Ping, () => new Promise(() => undefined)));
    const client = await bus(url());
    await expect(client.request(pattern, { n: 1 }, { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'bus.timeout',
      status: 504,
    });
  });

  it('takes the first answer when several listen, and each of them gets the request', async () => {
    const pattern = fresh();
    const seen: number[] = [];
    for (const who of [1, 2, 3])
      await bus(url(), (server) =>
        server.onRequest(pattern, Ping, () => {
          seen.push(who);
          return who;
        }),
      );
    const client = await bus(url());
    expect([1, 2, 3]).toContain(await client.request(pattern, { n: 1 }));
    await waitFor(() => seen.length === 3, { what: 'all three to be asked' });
    expect(await client.request(pattern, { n: 2 })).not.toBeNull();
  });

  it('hands an event to every listener, the sender too, in order', async () => {
    const pattern = fresh();
    const heard: number[][] = [[], [], []];
    const listen = (who: number) => (one: Bus) => one.onEvent(pattern, Ping, ({ n }) => heard[who]?.push(n));
    await bus(url(), listen(0));
    await bus(url(), listen(1));
    const sender = await bus(url(), listen(2));
    for (let n = 0; n < 50; n += 1) sender.emit(pattern, { n });
    await waitFor(() => heard.every((list) => list.length === 50), { what: 'all events' });
    for (const list of heard) expect(list).toEqual(Array.from({ length: 50 }, (_, n) => n));
  });

  it('drops events that do not fit, and outlives a handler that throws', async () => {
    const pattern = fresh();
    const heard: number[] = [];
    const sender = await bus(url(), (one) =>
      one.onEvent(pattern, Ping, ({ n }) => {
        if (n === 1) throw new Error('handler failed');
        if (n === 2) return Promise.reject(new Error('handler failed later'));
        heard.push(n);
        return undefined;
      }),
    );
    for (const event of [{ n: 1 }, { n: 2 }, { n: 'x' }, null, 'x', { n: 3 }]) sender.emit(pattern, event);
    await waitFor(() => heard.length === 1, { what: 'the good event' });
    expect(heard).toEqual([3]);
    expect(log).toContain('does not fit its schema');
    expect(log).toContain('handler failed later');
  });

  it('proves its subscription by a message to itself, and says when it is gone', async () => {
    const one = await bus(url());
    await expect(one.checkSubscription()).resolves.toBeUndefined();
    await one.close();
    await expect(one.checkSubscription()).rejects.toThrow(/did not come back/);
  });

  it('is quiet after its end: emit does not throw, close may be called again', async () => {
    const pattern = fresh();
    const listener: number[] = [];
    const gone = await bus(url(), (one) => one.onEvent(pattern, Ping, ({ n }) => listener.push(n)));
    await gone.close();
    await gone.close();
    expect(() => gone.emit(pattern, { n: 1 })).not.toThrow();
    const client = await bus(url());
    client.emit(pattern, { n: 2 });
    await client.checkSubscription();
    expect(listener).toEqual([]);
  });

  it('refuses a handler that comes too late to be subscribed', async () => {
    const one = await bus(url());
    expect(() => one.onEvent(fresh(), null, () => undefined)).toThrow(/registered too late/);
    expect(() => one.onRequest(fresh(), Ping, () => undefined)).toThrow(/registered too late/);
  });
});

describe('Redis', () => {
  it('may carry rubbish of others: it is dropped, and the next message is heard', async () => {
    const pattern = fresh();
    const requests = fresh();
    const heard: number[] = [];
    const one = await bus(redis.url, (server) => {
      server.onEvent(pattern, Ping, ({ n }) => heard.push(n));
      server.onRequest(requests, Ping, ({ n }) => n);
    });
    const raw = new Redis(redis.url);
    try {
      for (const text of [
        '',
        'null',
        '0',
        '"x"',
        '[]',
        '{',
        '{"id":{}}',
        '{"id":"1"}',
        '{"pattern":5,"data":1}',
        '\0\xff',
      ])
        for (const channel of [pattern, requests, `${requests}.reply`]) await raw.publish(channel, text);
    } finally {
      raw.disconnect();
    }
    one.emit(pattern, { n: 7 });
    await waitFor(() => heard.includes(7), { what: 'the good event' });
    expect(await one.request(requests, { n: 8 })).toBe(8);
  });

  it('may be away at the start: listening waits for it', async () => {
    const own = await startRedis();
    await own.down();
    const pattern = fresh();
    const late = new Bus(logger, own.url);
    open.push(late);
    late.onRequest(pattern, Ping, ({ n }) => n);
    const listening = late.listen();
    await waitFor(() => log.includes('waiting for Redis'), { what: 'the log to say what is waited for' });
    await own.up();
    await listening;
    expect(await late.request(pattern, { n: 5 })).toBe(5);
    await late.close();
    await own.stop();
  }, 60_000);

  it('may be killed and come back: nothing throws meanwhile, and every listener hears again', async () => {
    const own = await startRedis();
    const events = fresh();
    const requests = fresh();
    const heard: number[] = [];
    let working: (() => void) | undefined;
    const server = await bus(own.url, (one) => {
      one.onEvent(events, Ping, ({ n }) => heard.push(n));
      one.onRequest(requests, Ping, async ({ n }) => {
        if (n === 100) await new Promise<void>((resolve) => (working = resolve));
        return n;
      });
    });
    const client = await bus(own.url);
    expect(await client.request(requests, { n: 1 })).toBe(1);

    const cutOff = client.request(requests, { n: 100 }, { timeoutMs: 3000 }).catch((error: unknown) => error);
    await waitFor(() => working, { what: 'the request that will be cut off' });
    await own.down();
    working?.();
    for (let n = 0; n < 200; n += 1) expect(() => client.emit(events, { n: -n })).not.toThrow();
    expect(await cutOff).toBeInstanceOf(AppError);
    await expect(server.checkSubscription()).rejects.toThrow(/did not come back/);
    const begun = Date.now();
    await expect(client.request(requests, { n: 2 }, { timeoutMs: 3000 })).rejects.toMatchObject({
      status: 503,
    });
    expect(Date.now() - begun).toBeLessThan(10_000);

    await own.up();
    await waitFor(() => server.checkSubscription().then(() => true), {
      what: 'the server to hear itself',
      deadlineMs: 40_000,
    });
    await waitFor(() => client.checkSubscription().then(() => true), {
      what: 'the client to hear itself',
      deadlineMs: 40_000,
    });
    expect(await client.request(requests, { n: 3 })).toBe(3);
    client.emit(events, { n: 4 });
    await waitFor(() => heard.includes(4), { what: 'the event after the restart' });

    await own.restart();
    await waitFor(() => client.request(requests, { n: 5 }).then((n) => n === 5), {
      what: 'an answer after the second restart',
      deadlineMs: 40_000,
    });
    await Promise.all([client.close(), server.close()]);
    await own.stop();
  }, 120_000);

  it('that is gone does not hold up the end', async () => {
    const own = await startRedis();
    const one = await bus(own.url);
    await own.down();
    await waitFor(
      () =>
        one.checkSubscription().then(
          () => false,
          () => true,
        ),
      { what: 'the loss to be seen' },
    );
    const begun = Date.now();
    await one.close();
    expect(Date.now() - begun).toBeLessThan(5000);
    await own.stop();
  }, 60_000);
});

describe('a Redis that lets nobody in', () => {
  it.each([
    ['without a password', '', 'REDIS_URL: Redis wants a password: '],
    ['with a wrong one', ':wrong-canary@', 'REDIS_URL: Redis refuses the user or the password: '],
    ['with a wrong user', 'nobody:wrong-canary@', 'REDIS_URL: Redis refuses the user or the password: '],
  ])('is told from one that is away: %s', async (_how, login, beginning) => {
    const locked = await startRedis();
    const admin = new Redis(locked.url);
    try {
      await admin.config('SET', 'requirepass', 'right');
      const url = locked.url.replace('redis://', `redis://${login}`);
      const error = await bus(url).catch((thrown: unknown) => thrown as AppError);
      expect(error).toMatchObject({ code: 'bus.refused' });
      const { message } = error as AppError;
      expect(message.startsWith(beginning)).toBe(true);
      expect(message).not.toMatch(/canary|\n/);
      await bus(locked.url.replace('redis://', 'redis://:right@'));
    } finally {
      await Promise.all(open.splice(0).map((one) => one.close()));
      admin.disconnect();
      await locked.stop();
    }
  });
});

import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger as NestsOwn } from '@nestjs/common';
import { z } from 'zod';
import { type RedisServer, startRedis } from '../../../test/support/servers/redis.js';
import { SilentProxy } from '../../../test/support/servers/silent-proxy.js';
import { waitFor } from '../../../test/support/wait.js';
import { createLogger } from '../logger.js';
import { Bus } from './bus.js';

const logger = createLogger({ level: 'silent', app: 'bus' });
NestsOwn.overrideLogger(false);
const ANSWER_MS = 1000;
const PIECE = 'x'.repeat(65_536);

describe('a Redis that falls silent', () => {
  let redis: RedisServer;
  let proxy: SilentProxy;
  let bus: Bus;
  const heard: number[] = [];
  const pattern = `probe.${randomUUID()}`;

  beforeAll(async () => {
    redis = await startRedis();
    const through = await SilentProxy.before(redis.url);
    proxy = through.proxy;
    bus = new Bus(logger, through.url, ANSWER_MS);
    bus.onEvent(pattern, z.object({ n: z.number() }), ({ n }) => void heard.push(n));
    await bus.listen();
  }, 60_000);
  afterAll(async () => {
    redis.thaw();
    proxy.goOn();
    await bus.close();
    await proxy.close();
    await redis.stop();
  });
  afterEach(() => {
    redis.thaw();
    proxy.goOn();
  });

  const works = (n: number): Promise<unknown> =>
    waitFor(
      async () => {
        // As the loop does that looks at the subscription.
        await bus.keepSubscription().catch(() => undefined);
        bus.emit(pattern, { n });
        return heard.includes(n);
      },
      { what: 'the bus to work again', deadlineMs: 60_000, everyMs: 200 },
    );

  it.each([
    ['frozen (SIGSTOP)', () => redis.freeze(), () => redis.thaw()],
    ['behind a silent network', () => proxy.fallSilent(), () => proxy.goOn()],
  ])('answers each question in time, %s, and works again after that', async (_name, begin, end) => {
    begin();
    const begunAt = performance.now();
    await expect(bus.request('media.create', {})).rejects.toMatchObject({ code: 'bus.unavailable' });
    await expect(bus.checkSubscription()).rejects.toThrow('did not come back');
    expect(performance.now() - begunAt).toBeLessThan(20_000);
    end();
    await works(Math.round(performance.now()));
  });

  it('is not waited for by what is printed: memory stays bounded, and rings still find room', async () => {
    await works(1);
    redis.freeze();
    // 640 MB.
    for (let n = 0; n < 10_000; n += 1) {
      bus.emit('execution.output', { data: PIECE, n }, { droppable: true });
      if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(bus.backlog).toBeLessThan(8_388_608);
    bus.emit(pattern, { n: 2 });
    redis.thaw();
    await waitFor(() => heard.includes(2), { what: 'the ring', deadlineMs: 30_000 });
    await waitFor(() => bus.backlog === 0, { what: 'the queue to be empty', deadlineMs: 30_000 });
  });
});

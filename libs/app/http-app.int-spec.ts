import { connect } from 'node:net';
import { Agent } from 'node:http';
import {
  Body,
  Controller,
  Get,
  HttpException,
  Inject,
  Injectable,
  Module,
  type OnApplicationShutdown,
  Param,
  Post,
  Res,
  UseGuards,
} from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { FastifyReply } from 'fastify';
import { Writable } from 'node:stream';
import { z } from 'zod';
import { type Answer, send as sendTo, type SendOptions } from '../../test/support/apps/http.js';
import { waitFor } from '../../test/support/wait.js';
import { createLogger, errorsOf, HealthRegistry, Metrics, MetricsPageModule, RuntimeModule } from '#runtime';
import { ACCESS_RULES, AccessGuard, singleToken } from './access.js';
import { type RunningApp, startHttpApp } from './http-app.js';
import { ThisApp } from './this-app.js';

const CANARY = 'canary-77aa';
const TOKEN = 'right-token-0123456789';
const Form = z.strictObject({
  name: z.string().max(5, 'must have at most 5 characters'),
  users: z.array(z.object({ age: z.number() })).optional(),
});

/** Requests that wait here end when the test says so. */
const held: (() => void)[] = [];
const closed: string[] = [];

@Injectable()
class Parts implements OnApplicationShutdown {
  onApplicationShutdown(): void {
    closed.push('parts');
  }
}

const PROBE_CODES = { 'probe.gone': { status: 410, when: 'It is gone.', remedy: 'make another' } };
class ProbeError extends errorsOf(PROBE_CODES) {}

@Controller('probe')
class ProbeController {
  constructor(@Inject(Parts) readonly parts: Parts) {}

  @Post('form')
  form(@Body({ schema: Form }) form: z.output<typeof Form>): unknown {
    return form;
  }

  @Get('fail/:how')
  fail(@Param('how') how: string): never {
    if (how === 'coded') throw new ProbeError('probe.gone', 'the probe is gone: make another');
    if (how === 'nest') throw new HttpException('teapot', 418);
    if (how === 'nest-500') throw new HttpException(CANARY, 500);
    if (how === 'text') throw CANARY as unknown as Error;
    if (how === 'nothing') throw undefined as unknown as Error;
    throw new Error(`insert failed: ${CANARY}`);
  }

  @Get('half')
  half(@Res() reply: FastifyReply): void {
    reply.raw.writeHead(200, { 'content-length': '1000' });
    reply.raw.write('the first half');
    throw new Error('too late to say');
  }

  @Get('slow')
  async slow(): Promise<{ closedSoFar: string[] }> {
    await new Promise<void>((resolve) => held.push(resolve));
    return { closedSoFar: [...closed] };
  }
}

@Controller('guarded')
@UseGuards(AccessGuard)
class GuardedController {
  @Get()
  inside(): string {
    return 'inside';
  }
}

@Module({
  controllers: [ProbeController, GuardedController],
  providers: [
    Parts,
    {
      provide: ACCESS_RULES,
      useValue: { findToken: singleToken('operator', TOKEN), hostNames: ['console.lan'] },
    },
  ],
})
class Probe {}

let log = '';
const logger = createLogger({
  level: 'trace',
  app: 'probe',
  stream: new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      log += chunk.toString();
      done();
    },
  }),
});

@Module({})
class App {}

function startProbe(legacyErrorField = false, port = 0): Promise<RunningApp> {
  return startHttpApp(
    {
      module: App,
      imports: [RuntimeModule.forRoot({ logger }), MetricsPageModule, Probe],
      providers: [ThisApp],
    },
    { logger, host: '127.0.0.1', port, portVariable: 'PROBE_PORT', bodyLimit: 1000, legacyErrorField },
  );
}

const send = (app: RunningApp, path: string, options?: SendOptions): Promise<Answer> =>
  sendTo(app.url, path, options);
/** A stranger's body is not parsed. */
const JSON_OF_OPERATOR = { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` };
const post = (app: RunningApp, body: string): Promise<Answer> =>
  send(app, '/probe/form', { method: 'POST', body, headers: JSON_OF_OPERATOR });

let app: RunningApp;
beforeAll(async () => {
  app = await startProbe();
});
afterAll(() => app.stop());
afterEach(() => {
  log = '';
});

describe('errors', () => {
  it('of validation name every field by its path', async () => {
    const answer = await post(
      app,
      JSON.stringify({ name: 'too long', users: [{ age: 1 }, { age: 'x' }], nmae: 1 }),
    );
    expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
    const paths = (answer.body.issues as { path: string }[]).map(({ path }) => path);
    expect(paths.sort()).toEqual(['name', 'nmae', 'users.1.age']);
    const unknown = { path: 'nmae', message: 'unknown field', remedy: 'did you mean name?' };
    expect(answer.body.issues).toContainEqual(unknown);
    expect(answer.body.message).toContain('name: must have at most 5 characters');
  });

  it('take an empty body for none, whatever type it is said to have', async () => {
    expect(await post(app, '')).toMatchObject({ status: 400, body: { issues: [{ path: 'name' }] } });
    expect((await post(app, '{"name":"ada"}')).status).toBe(201);
  });

  it.each([
    ['an unknown route', '/nothing/here', {}, 404, 'route.not_found'],
    ['an unknown method', '/probe/form', { method: 'DELETE' }, 405, 'route.method_not_allowed'],
    ['a path that cannot be decoded', '/probe/fail/%E0%A4%A', {}, 400, 'request.invalid'],
    [
      'malformed JSON',
      '/probe/form',
      { method: 'POST', body: '{"name":', headers: JSON_OF_OPERATOR },
      400,
      'request.invalid',
    ],
    [
      'a body that is too large',
      '/probe/form',
      {
        method: 'POST',
        body: `{"name":"${'x'.repeat(2000)}"}`,
        headers: JSON_OF_OPERATOR,
      },
      413,
      'request.too_large',
    ],
    [
      'a body that is no JSON',
      '/probe/form',
      { method: 'POST', body: '<x/>', headers: { 'content-type': 'application/xml' } },
      415,
      'request.unsupported_media_type',
    ],
    [
      'a key that would reach the prototype',
      '/probe/form',
      { method: 'POST', body: '{"__proto__":{"x":1}}', headers: JSON_OF_OPERATOR },
      400,
      'request.invalid',
    ],
    ['an error with a code', '/probe/fail/coded', {}, 410, 'probe.gone'],
    ['an error of the framework', '/probe/fail/nest', {}, 418, 'request.invalid'],
  ])('of %s have the one shape', async (_name, path, options, status, code) => {
    const answer = await send(app, path, options);
    expect(answer).toMatchObject({ status, body: { code, message: expect.stringMatching(/\S/) } });
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.body.correlationId).toBe(answer.headers['x-correlation-id']);
    expect(answer.body).not.toHaveProperty('statusCode');
  });

  it.each(['unexpected', 'text', 'nothing', 'nest-500'])(
    'that nobody foresaw (%s) say nothing of the inside',
    async (how) => {
      const answer = await send(app, `/probe/fail/${how}`, { headers: { 'x-correlation-id': 'find-me' } });
      expect(answer).toMatchObject({ status: 500, body: { code: 'internal', correlationId: 'find-me' } });
      expect(answer.text).not.toContain(CANARY);
      expect(answer.text).not.toMatch(/\bat .*\.ts/);
      expect(log).toContain('find-me');
      if (how === 'unexpected') expect(log).toContain(`insert failed: ${CANARY}`);
    },
  );

  it('after the head break the connection, so that half an answer never looks whole', async () => {
    await expect(send(app, '/probe/half')).rejects.toThrow(/aborted|reset|hang up/);
    expect((await send(app, '/healthz')).status).toBe(200);
  });

  it('carry the older name `error` too where older clients read it', async () => {
    const guests = await startProbe(true);
    try {
      for (const path of ['/probe/fail/coded', '/nothing', '/probe/fail/%E0%A4%A']) {
        const { body } = await send(guests, path);
        expect(body.error).toBe(body.message);
        expect(body.error).toMatch(/\S/);
      }
    } finally {
      await guests.stop();
    }
    expect((await send(app, '/probe/fail/coded')).body).not.toHaveProperty('error');
  });

  it('of a peer that speaks no HTTP leave the server up', async () => {
    const { hostname, port } = new URL(app.url);
    const text = await new Promise<string>((resolve) => {
      let seen = '';
      const socket = connect(Number(port), hostname, () => socket.write('\x16\x03\x01 hello\r\n\r\n'));
      socket.on('data', (chunk) => (seen += chunk.toString()));
      socket.on('close', () => resolve(seen));
      socket.on('error', () => undefined);
    });
    expect(text).toMatch(/^HTTP\/1\.1 400/);
    expect((await send(app, '/healthz')).status).toBe(200);
  });
});

describe('access', () => {
  const right = { authorization: `Bearer ${TOKEN}` };

  it('is given to the token', async () => {
    expect(await send(app, '/guarded', { headers: right })).toMatchObject({ status: 200, text: 'inside' });
  });

  it.each([
    ['', 'no token'],
    ['Bearer ', 'an empty one'],
    [`bearer ${TOKEN}`, 'another spelling of the scheme'],
    [`Basic ${TOKEN}`, 'another scheme'],
    [`Bearer ${TOKEN}x`, 'a longer one'],
    [`Bearer ${TOKEN.slice(0, -1)}`, 'a shorter one'],
    [`Bearer ${TOKEN} ${TOKEN}`, 'two'],
    [`Bearer ${'x'.repeat(600)}`, 'an endless one'],
  ])('is refused to %j (%s)', async (authorization) => {
    const answer = await send(app, '/guarded', { headers: authorization ? { authorization } : {} });
    expect(answer).toMatchObject({ status: 401, body: { code: 'auth.required' } });
    expect(log).not.toContain(TOKEN);
  });

  it.each(['localhost:1', '127.0.0.1', '[::1]:4001', 'CONSOLE.lan:4001'])(
    'is given under the name %s',
    async (host) => {
      expect((await send(app, '/guarded', { headers: { ...right, host } })).status).toBe(200);
    },
  );

  it.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', 'console.lan.evil.example'])(
    'is refused under the name %s, as DNS rebinding sends it',
    async (host) => {
      const answer = await send(app, '/guarded', { headers: { ...right, host } });
      expect(answer).toMatchObject({ status: 403, body: { code: 'auth.host_refused' } });
    },
  );

  it('is refused to pages of another origin, and given to our own', async () => {
    const host = 'localhost:4001';
    for (const origin of [
      'http://evil.example',
      'null',
      'http://localhost:9999',
      'http://localhost:4001.evil.example',
    ]) {
      const answer = await send(app, '/guarded', { headers: { ...right, host, origin } });
      expect(answer).toMatchObject({ status: 403, body: { code: 'auth.origin_refused' } });
    }
    const own = await send(app, '/guarded', { headers: { ...right, host, origin: 'http://localhost:4001' } });
    expect(own.status).toBe(200);
  });
});

describe('health', () => {
  it('says that the process is up, whatever its parts do', async () => {
    expect(await send(app, '/healthz')).toMatchObject({ status: 200, body: { status: 'up' } });
  });

  it('says which part does not answer, with its own words, and that it is not ready', async () => {
    const health = app.app.get(HealthRegistry, { strict: false });
    expect(await send(app, '/readyz')).toMatchObject({
      status: 200,
      body: { status: 'ready', checks: { bus: 'ok' } },
    });
    health.add('disk', () => Promise.reject(new Error('the disk is full: make room')));
    health.add('sync', () => {
      throw new Error('thrown at once');
    });
    health.note('signing', 'lines are not signed');
    expect(await send(app, '/readyz')).toMatchObject({
      status: 503,
      body: {
        status: 'not ready',
        checks: { bus: 'ok', disk: 'the disk is full: make room', sync: 'thrown at once' },
        notes: { signing: 'lines are not signed' },
      },
    });
    expect((await send(app, '/healthz')).status).toBe(200);
    health.add('disk', () => undefined);
    health.add('sync', () => undefined);
    expect((await send(app, '/readyz')).status).toBe(200);
  });

  it('does not wait for ever for a part that hangs', async () => {
    const health = app.app.get(HealthRegistry, { strict: false });
    health.add('hangs', () => new Promise<void>(() => undefined));
    const answer = await send(app, '/readyz');
    expect(answer).toMatchObject({ status: 503, body: { checks: { hangs: 'no answer within 3000 ms' } } });
    health.add('hangs', () => undefined);
  });
});

describe('metrics', () => {
  it('are a page in the text format of Prometheus', async () => {
    const metrics = app.app.get(Metrics, { strict: false });
    metrics.counter('probe_total', 'Probes.', ['kind']).inc({ kind: 'a' }, 2);
    // A second asker of the name gets the same metric.
    metrics.counter('probe_total', 'Probes.', ['kind']).inc({ kind: 'a' });
    metrics.gauge('probe_state', 'Read with the page.', [], (gauge) => gauge.set(7));
    metrics.histogram('probe_seconds', 'Time.').observe(0.2);
    const page = await send(app, '/metrics');
    expect(page.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(page.text).toContain('probe_total{kind="a"} 3');
    expect(page.text).toContain('probe_state 7');
    expect(page.text).toContain('probe_seconds_count 1');
    expect(page.text).toMatch(/^process_cpu_seconds_total \d/m);
  });
});

describe('correlation ids', () => {
  it('are taken over when they are harmless, and made otherwise', async () => {
    for (const [given, taken] of [
      ['deploy-17.a_b', true],
      ['x'.repeat(64), true],
      ['x'.repeat(65), false],
      ['a b', false],
      ['{"a":1}', false],
    ] as const) {
      const id = (await send(app, '/healthz', { headers: { 'x-correlation-id': given } })).headers[
        'x-correlation-id'
      ];
      if (taken) expect(id).toBe(given);
      else expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    }
  });
});

describe('the end', () => {
  it('lets a running request finish before parts close, takes no new one, and does not wait for idle connections', async () => {
    const ending = await startProbe();
    const agent = new Agent({ keepAlive: true });
    await send(ending, '/healthz', { agent });
    closed.length = 0;
    const before = held.length;
    const slow = send(ending, '/probe/slow', { agent });
    await waitFor(() => held.length > before, { what: 'the slow request to arrive' });
    const stopped = ending.stop();
    await waitFor(
      () =>
        send(ending, '/healthz').then(
          ({ status }) => status === 503,
          () => true,
        ),
      {
        what: 'the port to refuse new work',
      },
    );
    expect(closed).toEqual([]);
    held.at(-1)?.();
    expect(await slow).toMatchObject({ status: 200, body: { closedSoFar: [] } });
    await stopped;
    expect(closed).toEqual(['parts']);
    await expect(send(ending, '/healthz')).rejects.toThrow(/ECONNREFUSED/);
    agent.destroy();
  }, 15_000);

  it('can be asked for twice', async () => {
    const ending = await startProbe();
    await Promise.all([ending.stop(), ending.stop()]);
    await ending.stop();
  });
});

describe('a port that is taken', () => {
  it('is said with the variable to change, and nothing stays behind', async () => {
    const port = Number(new URL(app.url).port);
    closed.length = 0;
    await expect(startProbe(false, port)).rejects.toMatchObject({
      code: 'listen.failed',
      message: expect.stringMatching(
        new RegExp(
          `^PROBE_PORT: cannot listen on 127\\.0\\.0\\.1:${port} \\(EADDRINUSE\\): .*another PROBE_PORT$`,
        ),
      ),
    });
    expect(closed).toEqual(['parts']);
  });
});

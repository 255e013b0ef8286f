import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Controller, Get, Module, Post, UseGuards } from '@nestjs/common';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger, RuntimeModule } from '#runtime';
import { send } from '../../test/support/apps/http.js';
import { waitFor } from '../../test/support/wait.js';
import { ACCESS_RULES, AccessGuard, singleToken } from './access.js';
import { type HttpAppOptions, type RunningApp, startHttpApp } from './http-app.js';
import { ThisApp } from './this-app.js';

const TOKEN = 'right-token-0123456789';

@Controller('guarded')
@UseGuards(AccessGuard)
class GuardedController {
  @Get()
  inside(): string {
    return 'inside';
  }

  @Post()
  take(): string {
    return 'taken';
  }
}

@Module({
  controllers: [GuardedController],
  providers: [
    { provide: ACCESS_RULES, useValue: { findToken: singleToken('operator', TOKEN), hostNames: [] } },
  ],
})
class Guarded {}

const logger = createLogger({ level: 'silent', app: 'test' });

describe('connections', () => {
  let app: RunningApp | null = null;
  const sockets: Socket[] = [];
  const start = async (options: Partial<HttpAppOptions> = {}): Promise<RunningApp> => {
    const module = {
      module: class {},
      imports: [RuntimeModule.forRoot({ logger }), Guarded],
      providers: [ThisApp],
    };
    app = await startHttpApp(module, {
      logger,
      host: '127.0.0.1',
      port: 0,
      portVariable: 'PORT',
      ...options,
    });
    return app;
  };
  const open = async (url: string): Promise<Socket> => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  };
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await app?.stop();
    app = null;
  });

  it('of one address are as many as it may have, and one that closes makes room', async () => {
    const { url } = await start({ connections: { perAddress: 3, variable: 'PROBE_CONNECTIONS' } });
    const [first] = [await open(url), await open(url), await open(url)];
    const { status, body } = await send(url, '/guarded');
    expect([status, body]).toEqual([
      429,
      {
        code: 'connections.too_many',
        message: expect.stringContaining('3 connections'),
        remedy: expect.stringContaining('PROBE_CONNECTIONS'),
      },
    ]);
    first.destroy();
    await waitFor(async () => (await send(url, '/guarded')).status === 401, { what: 'room' });
    // One after another they are not limited.
    for (let count = 0; count < 20; count += 1) expect((await send(url, '/guarded')).status).toBe(401);
  });

  it('with a request that never ends are closed', async () => {
    const { url } = await start({ requestTimeoutMs: 500 });
    const socket = await open(url);
    socket.write(
      `POST /guarded HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"half":`,
    );
    socket.resume();
    await once(socket, 'close');
  });

  it('with a request that never ends do not keep the app from stopping', async () => {
    const running = await start();
    const socket = await open(running.url);
    socket.write('POST /guarded HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"half":');
    // The server has the head.
    expect((await send(running.url, '/guarded')).status).toBe(401);
    const began = performance.now();
    await running.stop();
    expect(performance.now() - began).toBeLessThan(30_000);
  });

  it('of strangers bring nothing that is parsed', async () => {
    const { url } = await start();
    const post = (path: string, headers: Record<string, string>) =>
      send(url, path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: '{"no JSON',
      });
    expect((await post('/guarded', {})).body.code).toBe('auth.required');
    expect((await post('/guarded', { authorization: 'Bearer wrong' })).body.code).toBe('auth.required');
    expect((await post('/nowhere', {})).body.code).toBe('route.not_found');
    expect((await post('/guarded', { authorization: `Bearer ${TOKEN}` })).body.code).toBe('request.invalid');
  });
});

import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ConsoleToken } from '#db';
import { createHash } from 'node:crypto';
import { CONSOLE_TOKEN, startConsole, type TestConsole } from '../../../test/support/apps/console.js';
import { newId, onBothDatabases } from '../../../test/support/servers/databases.js';

onBothDatabases('who may use the console', (given) => {
  let server: TestConsole;

  beforeAll(async () => {
    server = await startConsole(given().url);
  });
  afterAll(() => server.stop());

  it.each([
    ['no token', { authorization: '' }],
    ['a wrong token', { authorization: 'Bearer wrong-wrong-wrong-wrong' }],
    ['another scheme', { authorization: `Basic ${CONSOLE_TOKEN}` }],
    ['a token with something after it', { authorization: `Bearer ${CONSOLE_TOKEN} x` }],
  ])('refuses %s', async (_name, headers) => {
    for (const path of [
      '/api/machines',
      '/api/scripts',
      '/api/executions',
      '/api/hosts',
      '/api/audit',
      '/openapi.json',
    ]) {
      const answer = await server.request('GET', path, undefined, headers);
      expect(answer.status).toBe(401);
      expect(answer.body).toMatchObject({ code: 'auth.required' });
      expect(answer.body.correlationId).toBe(answer.headers.get('x-correlation-id'));
    }
  });

  it('takes a named token until it is revoked, and writes its name into the audit', async () => {
    const { database } = given();
    const token = `operator-${newId()}`;
    const id = newId();
    await database.transaction(async (work) => {
      work.persist(
        work.create(
          ConsoleToken,
          {
            id,
            name: 'alice',
            sha256: createHash('sha256').update(token).digest('hex'),
            createdAt: new Date(),
          },
          { partial: true },
        ),
      );
      await work.flush();
    });
    const headers = { authorization: `Bearer ${token}` };
    const made = await server.request('POST', '/api/machines', { name: 'web-1' }, headers);
    expect(made.status).toBe(201);
    const audit = await server.request('GET', '/api/audit');
    expect(audit.body.items[0]).toMatchObject({
      actor: 'alice',
      action: 'machine.create',
      subjectId: made.body.id,
      correlationId: made.headers.get('x-correlation-id'),
    });
    await database.work().nativeUpdate(ConsoleToken, { id }, { revokedAt: new Date() });
    expect((await server.request('GET', '/api/machines', undefined, headers)).status).toBe(401);
  });

  it('refuses a page of another origin', async () => {
    const answer = await server.request(
      'POST',
      '/api/machines',
      { name: 'x' },
      { origin: 'http://evil.example' },
    );
    expect(answer).toMatchObject({ status: 403, body: { code: 'auth.origin_refused' } });
  });

  it('refuses a foreign Host name, as DNS rebinding sends it', async () => {
    const { hostname, port } = new URL(server.url);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      httpRequest({
        hostname,
        port,
        path: '/api/machines',
        headers: { host: `evil.example:${port}`, authorization: `Bearer ${CONSOLE_TOKEN}` },
      })
        .once('response', (response) => {
          response.resume();
          resolve(response.statusCode);
        })
        .once('error', reject)
        .end();
    });
    expect(status).toBe(403);
  });

  it('shows health and metrics without a token, and nothing of the fleet in them', async () => {
    const headers = { authorization: '' };
    expect((await server.request('GET', '/healthz', undefined, headers)).status).toBe(200);
    expect(await server.request('GET', '/readyz', undefined, headers)).toMatchObject({
      status: 200,
      body: { status: 'ready', checks: { database: 'ok', bus: 'ok' } },
    });
    expect((await server.request('GET', '/metrics', undefined, headers)).status).toBe(200);
  });

  it.each([
    ['JSON that is none', 'POST', '/api/machines', '{"name":', 400, 'request.invalid'],
    ['a body that is no object', 'POST', '/api/machines', '[1]', 400, 'request.invalid'],
    ['a route that is none', 'GET', '/api/nothing', undefined, 404, 'route.not_found'],
    [
      'a body over the limit',
      'POST',
      '/api/scripts',
      JSON.stringify({ name: 'x'.repeat(2_000_000) }),
      413,
      'request.too_large',
    ],
    ['an id that is none', 'GET', '/api/machines/1', undefined, 400, 'request.invalid'],
    ['a cursor that is none', 'GET', '/api/machines?cursor=%27or', undefined, 400, 'cursor.invalid'],
    ['a limit that is none', 'GET', '/api/executions?limit=0', undefined, 400, 'request.invalid'],
    ['an unknown filter', 'GET', '/api/executions?machine=1', undefined, 400, 'request.invalid'],
  ])('answers %s in the one shape of errors', async (_name, method, path, body, status, code) => {
    const answer = await server.request(method, path, body);
    expect(answer).toMatchObject({ status, body: { code } });
    expect(Object.keys(answer.body).sort()).toEqual(
      expect.arrayContaining(['code', 'correlationId', 'message']),
    );
  });

  it('takes over a correlation id, and not one that would forge a log line', async () => {
    const given = await server.request('GET', '/api/machines/1', undefined, {
      'x-correlation-id': 'deploy-17',
    });
    expect(given.body.correlationId).toBe('deploy-17');
    const forged = await server.request('GET', '/api/machines/1', undefined, { 'x-correlation-id': 'a b"}' });
    expect(forged.body.correlationId).toMatch(/^[0-9a-f-]{36}$/);
  });
});

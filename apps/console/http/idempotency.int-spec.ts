import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { IdempotencyKey, Machine } from '#db';
import { dialectOf } from '../../../test/support/rows/dialect.js';
import { type Answer, startConsole, type TestConsole } from '../../../test/support/apps/console.js';
import { newId, onBothDatabases } from '../../../test/support/servers/databases.js';

onBothDatabases('Idempotency-Key', (given) => {
  let server: TestConsole;

  beforeAll(async () => {
    server = await startConsole(given().url);
  });
  afterAll(() => server.stop());

  const post = (key: string, body: object, path = '/api/machines'): ReturnType<TestConsole['request']> =>
    server.request('POST', path, body, { 'idempotency-key': key });

  it('gives the same answer to the same request, and does it once', async () => {
    const name = `once-${newId()}`;
    const key = newId();
    const first = await post(key, { name });
    const second = await post(key, { name });
    expect(second.status).toBe(201);
    expect(second.body).toEqual(first.body);
    expect(await given().database.work().count(Machine, { name })).toBe(1);
  });

  it('lets one of many through that come at once', async () => {
    const name = `once-${newId()}`;
    const key = newId();
    const answers = await Promise.all(Array.from({ length: 6 }, () => post(key, { name })));
    expect(await given().database.work().count(Machine, { name })).toBe(1);
    for (const { status, body } of answers) expect([status, body]).toEqual([201, answers[0]?.body]);
  });

  it('is refused with another body', async () => {
    const key = newId();
    await post(key, { name: 'a' });
    expect(await post(key, { name: 'b' })).toMatchObject({
      status: 409,
      body: { code: 'idempotency.key_reused' },
    });
  });

  it('belongs to its route', async () => {
    const key = newId();
    await post(key, { name: 'a' });
    const script = { name: 'a', shell: 'SH', content: 'true' };
    expect((await post(key, script, '/api/scripts')).status).toBe(201);
  });

  it('may be used again after a request that failed', async () => {
    const key = newId();
    const id = newId();
    expect((await post(key, { id, name: '' })).status).toBe(400);
    expect((await post(key, { id, name: 'fine' })).status).toBe(201);
  });

  it('belongs to its query', async () => {
    const { body: machine } = await post(newId(), { name: 'asked' });
    const key = newId();
    const path = `/api/machines/${machine.id}/commands`;
    const ask = (query: string): Promise<Answer> =>
      post(key, { type: 'SafeCommand', command: { action: 'OsInfo' } }, `${path}${query}`);
    const first = await ask('');
    expect([first.status, (await ask('?wait=0')).body.id]).not.toEqual([202, first.body.id]);
    expect((await ask('')).body.id).toBe(first.body.id);
  });

  it('is a new one after a day', async () => {
    const { database } = given();
    const key = newId();
    const first = await post(key, { name: 'yesterday' });
    const work = database.work();
    const age = (seconds: number): Promise<unknown> =>
      work.execute(
        `update idempotency_key set created_at = ${dialectOf(work).nowPlusSeconds} where key = ?`,
        [-seconds, key],
      );
    await age(86_000);
    expect((await post(key, { name: 'yesterday' })).body).toEqual(first.body);
    await age(86_500);
    const second = await post(key, { name: 'today' });
    expect([second.status, second.body.id]).not.toEqual([201, first.body.id]);
    expect((await post(key, { name: 'today' })).body).toEqual(second.body);
  });

  it('makes one version of a script that is changed', async () => {
    const script = { name: 'a', shell: 'SH', content: 'true' };
    const { body } = await server.request('POST', '/api/scripts', script);
    const put = (headers: Record<string, string>): Promise<Answer> =>
      server.request('PUT', `/api/scripts/${body.id}`, script, headers);
    const key = { 'idempotency-key': newId() };
    const versions = [await put(key), await put(key), await put({})].map((answer) => answer.body.version);
    expect(versions).toEqual([2, 2, 3]);
  });

  it.each(['', 'a b', 'ä', 'x'.repeat(256)])('must be visible ASCII: not %p', async (key) => {
    const answer = await server.request(
      'POST',
      '/api/machines',
      { name: 'x' },
      { 'idempotency-key': encodeURIComponent(key) === key ? key : Buffer.from(key).toString('latin1') },
    );
    expect(answer.status).toBe(400);
  });

  it('keeps no body, and no hash of one that can be guessed', async () => {
    const key = newId();
    await post(key, { name: 'guess me' });
    const row = await given().database.work().findOneOrFail(IdempotencyKey, { key });
    const { createHash } = await import('node:crypto');
    expect(row.bodySha256).not.toBe(createHash('sha256').update('{"name":"guess me"}').digest('hex'));
  });
});

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { IdempotencyKey, Machine } from '#db';
import { dialectOf } from '../../../test/support/rows/dialect.js';
import { startConsole, type TestConsole } from '../../../test/support/apps/console.js';
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
    for (const { status, body } of answers)
      expect(status === 201 || body.code === 'idempotency.in_progress').toBe(true);
    expect((await post(key, { name })).status).toBe(201);
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

  it('is not held for ever by a request that died with its process', async () => {
    const { database } = given();
    const key = newId();
    const body = { name: `dead-${newId()}` };
    await post(key, body);
    const work = database.work();
    await work.nativeUpdate(IdempotencyKey, { key }, { status: 0, response: null });
    expect(await post(key, body)).toMatchObject({ status: 409, body: { code: 'idempotency.in_progress' } });
    await work.execute(
      `update idempotency_key set created_at = ${dialectOf(work).nowPlusSeconds} where key = ?`,
      [-300, key],
    );
    expect((await post(key, body)).status).toBe(201);
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

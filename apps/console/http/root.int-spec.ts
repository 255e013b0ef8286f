import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { migrateToLatest, openDatabase } from '#db';
import { startConsole, type TestConsole } from '../../../test/support/apps/console.js';
import { emptyDatabase } from '../../../test/support/servers/databases.js';

describe('the console, to whoever finds its port', () => {
  let server: TestConsole;
  let remove: () => void;

  beforeAll(async () => {
    const empty = emptyDatabase('SQLite');
    remove = empty.remove;
    const database = await openDatabase(empty.url);
    await migrateToLatest(database);
    server = await startConsole(empty.url);
    await database.close();
  });
  afterAll(async () => {
    await server.stop();
    remove();
  });

  it('says what it is and where its document is, without a token', async () => {
    const about = await server.request('GET', '/', undefined, { authorization: '' });
    expect(about).toMatchObject({
      status: 200,
      body: {
        name: expect.any(String),
        version: expect.stringMatching(/^\d+\.\d+\.\d+/),
        openapi: '/openapi.json',
      },
    });
    const document = await server.request('GET', about.body.openapi);
    expect(document.body.info.version).toBe(about.body.version);
  });

  it('names the document where there is no route', async () => {
    const answer = await server.request('GET', '/api/nothing');
    expect(answer).toMatchObject({
      status: 404,
      body: {
        code: 'route.not_found',
        message: 'there is no route GET /api/nothing: GET /openapi.json lists what there is',
      },
    });
  });

  it('names the methods of a path where it has not the one that was used', async () => {
    const answer = await server.request('PATCH', '/api/machines');
    expect(answer).toMatchObject({ status: 405, body: { code: 'route.method_not_allowed' } });
    expect(answer.headers.get('allow')).toBe('GET, HEAD, OPTIONS, POST');
  });
});

import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ScriptVersion } from '#db';
import { CHANNEL_LIMITS, ScriptDto } from '#protocol';
import { startConsole, type TestConsole } from '../../../test/support/apps/console.js';
import { newId, onBothDatabases } from '../../../test/support/servers/databases.js';

onBothDatabases('scripts', (given) => {
  let server: TestConsole;

  beforeAll(async () => {
    server = await startConsole(given().url);
  });
  afterAll(() => server.stop());

  const script = { name: 'greet', shell: 'BASH', content: 'echo "héllo"\n' };
  const make = (differences: object = {}): ReturnType<TestConsole['request']> =>
    server.request('POST', '/api/scripts', { ...script, ...differences });

  it('are made with defaults that follow from the shell', async () => {
    const made = await make();
    expect(made.status).toBe(201);
    expect(ScriptDto.parse(made.body)).toEqual({
      id: expect.any(String),
      version: 1,
      ...script,
      description: null,
      platforms: ['linux'],
      inputs: [],
      timeoutSeconds: 600,
      runAs: null,
      retry: null,
      sha256: createHash('sha256').update(script.content).digest('hex'),
      createdAt: expect.any(String),
    });
    expect((await server.request('GET', `/api/scripts/${made.body.id}`)).body).toEqual(made.body);
    expect((await make({ shell: 'POWERSHELL' })).body.platforms).toEqual(['windows']);
  });

  it('get a new version with each edit, and keep the old ones', async () => {
    const { id } = (await make()).body;
    const edits = await Promise.all(
      [2, 3, 4, 5].map((n) =>
        server.request('PUT', `/api/scripts/${id}`, { ...script, content: `echo ${n}` }),
      ),
    );
    expect(edits.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(edits.map(({ body }) => body.version).sort()).toEqual([2, 3, 4, 5]);
    expect((await server.request('GET', `/api/scripts/${id}`)).body.version).toBe(5);
    expect(await given().database.work().count(ScriptVersion, { scriptId: id })).toBe(5);
    expect(await server.request('PUT', `/api/scripts/${newId()}`, script)).toMatchObject({
      status: 404,
      body: { code: 'script.not_found' },
    });
    expect((await server.request('GET', `/api/scripts/${newId()}`)).status).toBe(404);
  });

  it.each([
    ['name', { name: 'a\tb' }],
    ['name', { name: '' }],
    ['inputs.0.pattern', { inputs: [{ name: 'a', type: 'text', pattern: '(?=a)a' }] }],
    ['shell', { shell: 'ZSH' }],
    ['content', { content: '' }],
    ['content', { content: 'a\0b' }],
    ['content', { content: 'x'.repeat(CHANNEL_LIMITS.scriptContent + 1) }],
    ['content', { content: 'é'.repeat(CHANNEL_LIMITS.scriptContent / 2 + 1) }],
    ['platforms.0', { platforms: ['windows'] }],
    ['timeoutSeconds', { timeoutSeconds: 0 }],
    ['timeoutSeconds', { timeoutSeconds: 172_801 }],
    ['runAs', { runAs: '$(id)' }],
    ['retry.safe', { retry: { maxAttempts: 3 } }],
    ['inputs.0.name', { inputs: [{ name: '1a', type: 'text' }] }],
    ['inputs.0.name', { inputs: [{ name: '__proto__', type: 'text' }] }],
    ['inputs.0.type', { inputs: [{ name: 'a', type: 'file' }] }],
    ['inputs.0.options', { inputs: [{ name: 'a', type: 'select' }] }],
    ['inputs.0.options', { inputs: [{ name: 'a', type: 'text', options: ['x'] }] }],
    ['inputs.0.default', { inputs: [{ name: 'a', type: 'password', default: 'secret' }] }],
    ['inputs.0.default', { inputs: [{ name: 'a', type: 'number', default: '1' }] }],
    ['inputs.0.default', { inputs: [{ name: 'a', type: 'select', options: ['x'], default: 'y' }] }],
    ['inputs.0.pattern', { inputs: [{ name: 'a', type: 'text', pattern: '(' }] }],
    ['inputs.0.pattern', { inputs: [{ name: 'a', type: 'text', pattern: '\\-' }] }],
    [
      'inputs.1.name',
      {
        inputs: [
          { name: 'a', type: 'text' },
          { name: 'a', type: 'text' },
        ],
      },
    ],
    ['colour', { colour: 'red' }],
  ])('are refused with a fault at %s', async (path, differences) => {
    const answer = await make(differences);
    expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
    expect(answer.body.issues.map((issue: { path: string }) => issue.path)).toContain(path);
  });

  it('are listed with their newest version, page by page', async () => {
    const first = (await make({ name: 'first' })).body;
    const second = (await make({ name: 'second' })).body;
    await server.request('PUT', `/api/scripts/${first.id}`, { ...script, name: 'first, edited' });
    const page = await server.request('GET', '/api/scripts?limit=1');
    expect(page.body.items.map(({ name }: { name: string }) => name)).toEqual(['second']);
    const next = await server.request('GET', `/api/scripts?limit=1&cursor=${page.body.nextCursor}`);
    expect(next.body.items).toMatchObject([{ id: first.id, name: 'first, edited', version: 2 }]);
    expect(second.version).toBe(1);
  });

  it('are written into the audit, with what they were and are', async () => {
    const { id } = (await make()).body;
    await server.request('PUT', `/api/scripts/${id}`, { ...script, name: 'renamed' });
    const { items } = (await server.request('GET', '/api/audit?limit=2')).body;
    expect(items).toMatchObject([
      {
        action: 'script.update',
        subjectId: id,
        before: { version: 1, name: 'greet' },
        after: { version: 2, name: 'renamed' },
      },
      { action: 'script.create', subjectId: id, before: null },
    ]);
  });
});

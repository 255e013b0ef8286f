import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Download, Machine, recordMachineEvent, ScriptExecution } from '#db';
import { dialectOf } from '../../../test/support/rows/dialect.js';
import { startConsole, type TestConsole } from '../../../test/support/apps/console.js';
import { newId, onBothDatabases } from '../../../test/support/servers/databases.js';
import { every, readExecution, schedule } from '../../../test/support/rows/rows.js';

onBothDatabases('machines', (given) => {
  let server: TestConsole;

  beforeAll(async () => {
    server = await startConsole(given().url);
  });
  afterAll(() => server.stop());

  const make = async (body: object = { name: 'web-1' }): Promise<string> =>
    (await server.request('POST', '/api/machines', body)).body.id;

  it('are known before they have a channel', async () => {
    const id = newId();
    const made = await server.request('POST', '/api/machines', {
      id: id.toUpperCase(),
      name: 'Größe ✓',
      os: 'linux',
    });
    expect(made.status).toBe(201);
    expect(made.body).toEqual({
      id,
      name: 'Größe ✓',
      hostId: null,
      os: 'linux',
      registered: true,
      channel: 'unknown',
      identity: null,
      agentVersion: null,
      lastSeenAt: null,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
    expect((await server.request('GET', `/api/machines/${id}`)).body).toEqual(made.body);
  });

  it('are not made twice: the same values are the same machine, others a conflict', async () => {
    const id = newId();
    const body = { id, name: 'web-1', os: 'linux' };
    const first = await server.request('POST', '/api/machines', body);
    expect((await server.request('POST', '/api/machines', body)).body).toEqual(first.body);
    const other = await server.request('POST', '/api/machines', { ...body, name: 'web-2' });
    expect(other).toMatchObject({ status: 409, body: { code: 'machine.exists' } });
  });

  it.each([
    ['name', {}],
    ['name', { name: '' }],
    ['name', { name: 'a\u0000b' }],
    ['name', { name: 'x'.repeat(101) }],
    ['id', { id: '../../etc', name: 'x' }],
    ['os', { name: 'x', os: 'beos' }],
    ['hostid', { name: 'x', hostid: 'a' }],
  ])('are refused with a fault at %s', async (path, body) => {
    const answer = await server.request('POST', '/api/machines', body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
    expect(answer.body.issues.map((issue: { path: string }) => issue.path)).toContain(path);
  });

  it('are listed newest first, each once over the pages', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.push(await make({ name: `page-${n}` }));
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor ? `&cursor=${cursor}` : '';
      const page = await server.request('GET', `/api/machines?limit=2${query}`);
      expect(page.body.items.length).toBeLessThanOrEqual(2);
      seen.push(...page.body.items.map(({ id }: { id: string }) => id));
      cursor = page.body.nextCursor;
    } while (cursor !== null);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.filter((id) => ids.includes(id))).toEqual(ids.toReversed());
  });

  it('are found by their exact name; an id that is none says how', async () => {
    const name = `web ${newId()}`;
    const id = await make({ name });
    const found = await server.request('GET', `/api/machines?name=${encodeURIComponent(name)}`);
    expect(found.body.items.map((machine: { id: string }) => machine.id)).toEqual([id]);
    const part = await server.request('GET', `/api/machines?name=${encodeURIComponent(name.slice(0, -1))}`);
    expect(part.body.items).toEqual([]);
    expect((await server.request('GET', '/api/machines?nmae=x')).body.issues).toMatchObject([
      { path: 'nmae', message: 'unknown field' },
    ]);
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/health'],
      ['DELETE', ''],
      ['GET', '/commands'],
    ] as const)
      expect((await server.request(method, `/api/machines/web%20&1${path}`)).body).toMatchObject({
        code: 'request.invalid',
        issues: [
          {
            path: 'id',
            message: expect.stringMatching(/^must be a UUID/),
            remedy: 'GET /api/machines?name=web%20%261 finds a machine by its name',
          },
        ],
      });
    expect((await server.request('GET', `/api/machines/${id.toUpperCase()}`)).body).toMatchObject({ id });
  });

  it('are deleted by clients that set a type without a body', async () => {
    const id = await make();
    const headers = { 'content-type': 'application/json' };
    expect((await server.request('DELETE', `/api/machines/${id}`, undefined, headers)).status).toBe(204);
  });

  it('say in words whether InfiniService is installed and talking', async () => {
    const { database } = given();
    const id = await make();
    const health = async (): Promise<Record<string, unknown>> =>
      (await server.request('GET', `/api/machines/${id}/health`)).body;
    expect(await health()).toMatchObject({ ok: false, code: 'channel_unknown', remedy: expect.any(String) });
    for (const channel of ['missing', 'refused', 'occupied', 'guest-closed', 'silent'] as const) {
      await database.work().nativeUpdate(Machine, { id }, { channel, channelDetail: 'no socket at /x' });
      const answer = await health();
      expect(answer).toMatchObject({ ok: false, channel, remedy: expect.any(String) });
      expect(answer['message']).not.toMatch(/PENDING/);
    }
    await database
      .work()
      .nativeUpdate(Machine, { id }, { channel: 'ready', agentVersion: '0.1.0', lastSeenAt: new Date() });
    expect(await health()).toMatchObject({ ok: true, code: 'ok', agentVersion: '0.1.0', remedy: null });
    const medium = newId();
    await database
      .work()
      .nativeUpdate(Machine, { id }, { identity: "another machine's", provedMedium: medium });
    expect(await health()).toMatchObject({
      ok: false,
      code: 'channel_other_identity',
      identity: "another machine's",
      installedBy: medium,
      remedy: expect.any(String),
    });
    const { body } = await server.request('GET', `/api/machines/${id}`);
    expect(body).toMatchObject({ identity: "another machine's" });
  });

  it('show what happened to them, metrics apart, and what they fetched', async () => {
    const { database } = given();
    const machineId = await make();
    for (const [kind, code] of [
      ['security', 'security.vm_id_mismatch'],
      ['metrics', 'metrics'],
      ['agent', 'agent.event'],
    ] as const) {
      await recordMachineEvent(database.work(), {
        machineId,
        kind,
        severity: 'info',
        code,
        message: kind,
        data: { n: 1 },
      });
    }
    await database.transaction(async (work) => {
      work.persist(
        work.create(Download, {
          id: newId(),
          machineId,
          address: '127.0.0.1',
          sha256: 'ab'.repeat(32),
          file: 'infiniservice',
          version: '0.1.0',
          count: 3,
          bytes: 2_000_000,
          status: 200,
          result: 'complete',
          createdAt: new Date(),
        }),
      );
      await work.flush();
    });
    const codes = async (what: string): Promise<string[]> =>
      (await server.request('GET', `/api/machines/${machineId}/${what}`)).body.items.map(
        ({ code }: { code: string }) => code,
      );
    expect(await codes('events')).toEqual(['agent.event', 'security.vm_id_mismatch']);
    expect(await codes('metrics')).toEqual(['metrics']);
    const downloads = await server.request('GET', `/api/machines/${machineId}/downloads`);
    expect(downloads.body.items).toMatchObject([
      { machineId, count: 3, bytes: 2_000_000, result: 'complete' },
    ]);
  });

  it('are not deleted with open executions, unless that is forced', async () => {
    const { database } = given();
    const machineId = await make();
    const [row, repeated] = await schedule(database, { machineId }, { machineId, rule: every(5) });
    const refused = await server.request('DELETE', `/api/machines/${machineId}`);
    expect(refused).toMatchObject({ status: 409, body: { code: 'machine.busy' } });
    expect((await server.request('DELETE', `/api/machines/${machineId}?force=true`)).status).toBe(204);
    expect((await server.request('GET', `/api/machines/${machineId}`)).status).toBe(404);
    expect((await readExecution(database, row!.id)).status).toBe('CANCELLED');
    expect(
      await database.work().count(ScriptExecution, { seriesId: repeated!.seriesId!, status: 'PENDING' }),
    ).toBe(0);
    expect((await server.request('DELETE', `/api/machines/${machineId}`)).status).toBe(404);
  });

  it('that nobody registered are listed as such and can be adopted', async () => {
    const { database } = given();
    const id = newId();
    const work = database.work();
    const { now } = dialectOf(work);
    await work.execute(
      `insert into machine (id, name, registered, channel, max_concurrent, epoch, host_id, created_at, updated_at) values (?, ?, false, 'ready', 1, 0, 'host-a', ${now}, ${now})`,
      [id, id],
    );
    expect((await server.request('GET', `/api/machines/${id}`)).body).toMatchObject({
      registered: false,
      name: id,
    });
    expect((await server.request('GET', `/api/machines/${id}/health`)).body).toMatchObject({
      ok: false,
      code: 'machine_unregistered',
    });
    expect((await server.request('POST', '/api/machines', { id, name: 'adopted' })).body).toMatchObject({
      registered: true,
      name: 'adopted',
      hostId: 'host-a',
      channel: 'ready',
    });
  });

  it.each(['', '/health', '/events', '/metrics', '/downloads'])(
    'that do not exist are 404 at %p',
    async (what) => {
      const answer = await server.request('GET', `/api/machines/${newId()}${what}`);
      expect(answer).toMatchObject({ status: 404, body: { code: 'machine.not_found' } });
    },
  );
});

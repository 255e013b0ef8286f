import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  createCommand,
  type Database,
  Download,
  databaseNow,
  recordAudit,
  recordMachineEvent,
  ScriptExecution,
} from '#db';
import { startConsole, type TestConsole } from '../../../test/support/apps/console.js';
import { dialectOf } from '../../../test/support/rows/dialect.js';
import { every, machineWithLease, schedule, script } from '../../../test/support/rows/rows.js';
import { copyRow, planOf, rowsRead, statementsOf } from '../../../test/support/rows/statements.js';
import { onBothDatabases } from '../../../test/support/servers/databases.js';

const PAGE = 20;
const ROWS = 4000;
/** What a page may read beside its own rows: the machine, the newest versions, the row that tells of more. */
const BESIDE = 2 * PAGE + 10;

onBothDatabases('lists', (given) => {
  let server: TestConsole;
  let database: Database;
  let routes: string[];
  const sources: { table: string; id: string; changed?: Record<string, string> }[] = [];

  beforeAll(async () => {
    server = await startConsole(given().url);
    database = given().database;
    await fill();
    await grow();
  });
  afterAll(() => server.stop());

  /** One row of each kind, by the ways in which the product makes them. */
  async function fill(): Promise<void> {
    const machineId = await machineWithLease(database);
    const scriptId = await script(database);
    const [single, repeating] = await schedule(
      database,
      { machineId, scriptId },
      { machineId, scriptId, rule: every(1, new Date()) },
    );
    const seriesId = repeating?.seriesId ?? '';
    const commandId = await database.transaction(
      async (work) =>
        (await createCommand(work, {
          machineId,
          request: { type: 'safe', action: 'SystemInfo' } as never,
          timeoutSeconds: 60,
          triggeredBy: 'test',
        }))!.id,
    );
    const downloadId = randomUUID();
    await database.transaction(async (work) => {
      const createdAt = await databaseNow(work);
      work.persist(
        work.create(Download, {
          ...{ id: downloadId, machineId, address: '::1', sha256: 'a', file: 'f', version: '1' },
          ...{ count: 1, bytes: 1, status: 200, result: 'complete', createdAt },
        }),
      );
      for (const kind of ['agent', 'metrics'] as const)
        await recordMachineEvent(work, { machineId, kind, severity: 'info', code: 'a.b', message: 'm' });
      await recordAudit(work, {
        ...{ actor: 'test', action: 'a', subjectType: 's', subjectId: 'i', correlationId: 'c' },
      });
    });
    const idIn = async (table: string, where = '1 = 1'): Promise<string> =>
      (await database.work().execute<{ id: string }[]>(`select id from ${table} where ${where}`))[0]!.id;
    // Mostly final, as in a history; the filters look for what is rare, too.
    const status = `case when n.i % 50 = 0 then 'FAILED' else 'SUCCESS' end`;
    sources.push(
      { table: 'script_execution', id: single!.id, changed: { status } },
      {
        table: 'script_execution',
        id: repeating!.id,
        changed: { status, slot: `(select max(slot) from script_execution) + n.i` },
      },
      { table: 'machine', id: machineId },
      { table: 'script', id: scriptId },
      { table: 'audit_entry', id: await idIn('audit_entry') },
      { table: 'machine_event', id: await idIn('machine_event', `kind = 'agent'`) },
      { table: 'machine_event', id: await idIn('machine_event', `kind = 'metrics'`) },
      { table: 'machine_command', id: commandId, changed: { state: `'ANSWERED'` } },
      { table: 'download', id: downloadId },
    );
    const executions = ['', `machineId=${machineId}`, `seriesId=${seriesId}`].flatMap((one) =>
      [
        '',
        'status=SUCCESS',
        'status=FAILED',
        'status=RUNNING',
        'from=2020-01-01T00:00:00Z',
        'to=2100-01-01T00:00:00Z',
      ].map((other) => `/api/executions?${[one, other].filter(Boolean).join('&')}`),
    );
    routes = [
      ...executions,
      '/api/machines?',
      `/api/machines?name=vm-${machineId.slice(0, 8)}`,
      ...['events', 'metrics', 'downloads', 'commands'].map((list) => `/api/machines/${machineId}/${list}?`),
      '/api/scripts?',
      '/api/audit?',
    ];
  }

  /** The same time for three rows: a cursor goes on within them. */
  async function grow(): Promise<void> {
    const { nowMinusSeconds } = dialectOf(database.work());
    for (const { table, id, changed } of sources)
      await copyRow(database, table, id, ROWS, {
        created_at: nowMinusSeconds('1 + n.i / 3'),
        ...(table === 'machine' ? { lease_owner: 'null' } : {}),
        ...changed,
      });
  }

  /** Statements of a first page, and of one from the middle. */
  async function statements(route: string): Promise<string[]> {
    const middle = Buffer.from(`${Date.now() - Math.floor(ROWS / 6) * 1000}/${randomUUID()}`).toString(
      'base64url',
    );
    const taken: string[] = [];
    for (const cursor of ['', `&cursor=${middle}`])
      taken.push(
        ...(await statementsOf(database, async () => {
          const answer = await server.request('GET', `${route}&limit=${PAGE}${cursor}`);
          expect(answer.status).toBe(200);
        })),
      );
    return taken;
  }

  async function costs(): Promise<Map<string, number>> {
    const found = new Map<string, number>();
    for (const route of routes) {
      let rows = 0;
      for (const statement of await statements(route)) rows += await rowsRead(database, statement);
      found.set(route, rows);
    }
    return found;
  }

  it('read a page and not the history, however long that is', async () => {
    if (database.isSqlite) {
      for (const route of routes)
        for (const statement of await statements(route)) {
          const plan = await planOf(database, statement);
          // Only a first page of everything goes along the order from its begin; all else is looked up.
          const scan = / where /.test(statement) ? /^SCAN / : /^SCAN (?!.*USING (COVERING )?INDEX)/;
          const bad = plan.filter((line) => scan.test(line) || /TEMP B-TREE/.test(line));
          expect({ route, bad, statement }).toEqual({ route, bad: [], statement });
        }
      return;
    }
    const before = await costs();
    await grow();
    const after = await costs();
    for (const [route, rows] of after) {
      expect({ route, rows, most: rows <= 2 * (PAGE + 1 + BESIDE) }).toEqual({ route, rows, most: true });
      expect({ route, grown: rows > 1.2 * (before.get(route) ?? 0) + 5 }).toEqual({ route, grown: false });
    }
  });

  it('show each row once, also where many have one time', async () => {
    const seen: string[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < 12; page += 1) {
      const answer = await server.request(
        'GET',
        `/api/executions?status=FAILED&limit=7${cursor === null ? '' : `&cursor=${cursor}`}`,
      );
      seen.push(...answer.body.items.map(({ id }: { id: string }) => id));
      cursor = answer.body.nextCursor;
    }
    const rows = await database
      .work()
      .find(
        ScriptExecution,
        { status: 'FAILED' },
        { orderBy: { createdAt: 'desc', id: 'desc' }, limit: seen.length },
      );
    expect(seen).toEqual(rows.map(({ id }) => id));
    expect(seen.length).toBe(84);
  });

  it.each([
    ['a time beyond what a database holds', '999999999999999/7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d'],
    ['an id that is none', '1000/------------------------------------'],
    ['another text', 'x'],
  ])('refuse a cursor with %s', async (_what, text) => {
    const cursor = Buffer.from(text).toString('base64url');
    const answer = await server.request('GET', `/api/executions?cursor=${cursor}`);
    expect([answer.status, answer.body.code]).toEqual([400, 'cursor.invalid']);
  });
});

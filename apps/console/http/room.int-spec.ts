import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { recordMachineEvent } from '#db';
import { startConsole, type TestConsole } from '../../../test/support/apps/console.js';
import { machineWithLease, schedule, script } from '../../../test/support/rows/rows.js';
import { onBothDatabases } from '../../../test/support/servers/databases.js';

const KIB = 1024;

onBothDatabases('lists', (given) => {
  let server: TestConsole;
  let machineId: string;
  beforeAll(async () => {
    server = await startConsole(given().url);
    machineId = await machineWithLease(given().database);
  });
  afterAll(() => server.stop());

  /** All items of a list, page after page, and the bytes of the longest page. */
  const readAll = async (path: string) => {
    const items: Record<string, unknown>[] = [];
    let longest = 0;
    for (let cursor = ''; ;) {
      const page = await server.request('GET', `${path}?limit=200${cursor && `&cursor=${cursor}`}`);
      expect(page.status).toBe(200);
      longest = Math.max(longest, page.text.length);
      items.push(...(page.body.items as Record<string, unknown>[]));
      if (page.body.nextCursor === null) return { items, longest };
      cursor = page.body.nextCursor as string;
    }
  };

  it('carry no outputs: they are read of one execution at a time', async () => {
    const { database } = given();
    const rows = await schedule(database, ...Array.from({ length: 30 }, () => ({ machineId })));
    await database
      .work()
      .execute('update script_execution set stdout = ?, stderr = ?', [
        'o'.repeat(128 * KIB),
        'e'.repeat(128 * KIB),
      ]);
    const { items, longest } = await readAll('/api/executions');
    expect(items).toHaveLength(30);
    expect(items.every(({ stdout, stderr }) => stdout === null && stderr === null)).toBe(true);
    expect(longest).toBeLessThan(64 * KIB);
    const { body } = await server.request('GET', `/api/executions/${rows[0]?.id}`);
    expect([body.stdout.length, body.stderr.length]).toEqual([128 * KIB, 128 * KIB]);
  });

  it("carry no events' data: it is read of one event at a time", async () => {
    await recordMachineEvent(given().database.work(), {
      machineId,
      kind: 'agent',
      severity: 'info',
      code: 'agent.x',
      message: 'm',
      data: { n: 1 },
    });
    const { items } = await readAll(`/api/machines/${machineId}/events`);
    expect(items).toMatchObject([{ code: 'agent.x', data: null }]);
    const one = await server.request('GET', `/api/machines/${machineId}/events/${String(items[0]?.['id'])}`);
    expect(one.body).toMatchObject({ code: 'agent.x', data: { n: 1 } });
    const none = await server.request('GET', `/api/machines/${machineId}/events/${machineId}`);
    expect([none.status, none.body.code]).toEqual([404, 'event.not_found']);
  });

  it('end after a megabyte, and lose nothing between two pages', async () => {
    const work = given().database.work();
    for (let n = 0; n < 150; n += 1)
      await recordMachineEvent(work.fork(), {
        machineId,
        kind: 'metrics',
        severity: 'info',
        code: 'agent.metrics',
        message: '',
        data: { n, list: 'x'.repeat(16_000) },
      });
    const { items, longest } = await readAll(`/api/machines/${machineId}/metrics`);
    expect(items.map(({ data }) => (data as { n: number }).n).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 150 }, (_, n) => n),
    );
    expect(longest).toBeLessThan(1100 * KIB);
  });
});

onBothDatabases('a database near the end of its room', (given) => {
  it('takes no executions and no commands, and says what raises the limit', async () => {
    const { database, url } = given();
    const machineId = await machineWithLease(database);
    const scriptId = await script(database);
    const env = { DATABASE_RESERVE_MIB: '1048576', DATABASE_SIZE_MIB: '1' };
    const server = await startConsole(url, { env });
    try {
      const refused = [
        await server.request('POST', '/api/executions', { scriptId, machineIds: [machineId] }),
        await server.request('POST', `/api/machines/${machineId}/commands`, {
          type: 'SafeCommand',
          command: { action: 'OsInfo' },
        }),
      ];
      for (const { status, body } of refused)
        expect([status, body]).toEqual([
          507,
          expect.objectContaining({
            code: 'database.reserve',
            message: expect.stringContaining('DATABASE_RESERVE_MIB'),
          }),
        ]);
      const ready = await fetch(`${server.url}/readyz`);
      expect([ready.status, await ready.json()]).toEqual([
        200,
        expect.objectContaining({
          notes: expect.objectContaining({ storage: expect.stringContaining('MiB left') }),
        }),
      ]);
      const metrics = await (await fetch(`${server.url}/metrics`)).text();
      expect(metrics).toMatch(/^infinibay_database_free_bytes -?\d/m);
      expect(metrics).toMatch(/^infinibay_database_table_bytes\{table="machine_event"\} \d/m);
    } finally {
      await server.stop();
    }
  });
});

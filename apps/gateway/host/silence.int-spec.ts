import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { adoptMachine, type Database, migrateToLatest, openDatabase } from '#db';
import { socketFolder, startGateway, type TestGateway } from '../../../test/support/apps/gateway.js';
import { FakeGuest } from '../../../test/support/guests/fake-guest.js';
import { readExecution, schedule, script } from '../../../test/support/rows/rows.js';
import { freshPostgresDatabase } from '../../../test/support/servers/postgres.js';
import { SilentProxy } from '../../../test/support/servers/silent-proxy.js';
import { waitFor } from '../../../test/support/wait.js';

const QUICK = {
  DATABASE_CONNECT_SECONDS: '1',
  DATABASE_STATEMENT_SECONDS: '1',
  SWEEP_SECONDS: '1',
  LEASE_SECONDS: '3',
};

describe('a gateway whose database falls silent', () => {
  const host = socketFolder();
  const vmId = randomUUID();
  let proxy: SilentProxy;
  let database: Database;
  let gateway: TestGateway;
  let guest: FakeGuest;

  beforeAll(async () => {
    const url = freshPostgresDatabase();
    database = await openDatabase(url);
    await migrateToLatest(database);
    const through = await SilentProxy.before(url);
    proxy = through.proxy;
    await database.transaction((work) => adoptMachine(work, { id: vmId, name: 'vm', os: 'linux' }));
    gateway = await startGateway(through.url, host.baseDir, QUICK);
    guest = await new FakeGuest(host.sockets, vmId).open();
  }, 60_000);
  afterAll(async () => {
    proxy.goOn();
    await guest.close();
    await gateway.stop();
    await database.close();
    await proxy.close();
    host.remove();
  });

  const ready = async (): Promise<{ status: number; checks: Record<string, string> }> => {
    const answer = await fetch(`${gateway.app.url}/readyz`);
    const { checks } = (await answer.json()) as { checks: Record<string, string> };
    return { status: answer.status, checks };
  };

  it('says which of its loops stands still, lives, and hands out what waits when it is back', async () => {
    await guest.hello();
    await waitFor(async () => (await ready()).status === 200, { what: 'a ready gateway' });
    proxy.fallSilent();
    const red = await waitFor(
      async () => {
        const { status, checks } = await ready();
        return status === 503 && /ago/.test(checks['loop.sweep'] ?? '') ? checks : null;
      },
      { what: 'the sweep to be shown', deadlineMs: 60_000 },
    );
    expect(red['loop.sweep']).toMatch(/the last success was \d+ s ago: .*(timeout|terminated|answer)/i);
    expect((await fetch(`${gateway.app.url}/healthz`)).status).toBe(200);
    const page = await (await fetch(`${gateway.app.url}/metrics`)).text();
    expect(Number(/infinibay_loop_last_success_seconds{loop="sweep"} (.*)/.exec(page)?.[1])).toBeGreaterThan(
      3,
    );
    const scriptId = await script(database, 'echo hello');
    const [row] = await schedule(database, { machineId: vmId, scriptId });
    proxy.goOn();
    const handed = await guest.script();
    expect(handed.execution_id).toBe(row?.id);
    guest.complete(handed);
    await guest.acked(handed.execution_id);
    expect(await readExecution(database, row!.id)).toMatchObject({ status: 'SUCCESS' });
    await waitFor(async () => (await ready()).status === 200, {
      what: 'a ready gateway',
      deadlineMs: 60_000,
    });
  }, 180_000);
});

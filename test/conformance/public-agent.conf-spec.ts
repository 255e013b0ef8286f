import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { adoptMachine, type Database, migrateToLatest, openDatabase, type ScriptExecution } from '#db';
import { BusEvents, CHANNEL_LIMITS, deriveVmSecret } from '#protocol';
import { Bus, createLogger } from '#runtime';
import { startDistribution, type TestDistribution } from '../support/apps/distribution.js';
import { socketFolder, startGateway, type TestGateway } from '../support/apps/gateway.js';
import { type Outcome, PublicAgent, type PublicScript } from '../support/guests/public-agent.js';
import { readExecution, schedule, script } from '../support/rows/rows.js';
import { waitFor } from '../support/wait.js';

const MASTER = 'the master secret of the public agents';
const HOUR = 3_600_000;

/** Today's public InfiniService, unchanged, against our gateway. */
describe('the public agent', () => {
  const host = socketFolder();
  let distribution: TestDistribution;
  let database: Database;
  let gateway: TestGateway;
  let bus: Bus;
  const agents: PublicAgent[] = [];

  beforeAll(async () => {
    distribution = await startDistribution({});
    database = await openDatabase(distribution.databaseUrl);
    await migrateToLatest(database);
    gateway = await startGateway(distribution.databaseUrl, host.baseDir, {
      INFINISERVICE_HMAC_MASTER_SECRET: MASTER,
      APP_HOST: '127.0.0.1',
      PORT: new URL(distribution.url).port,
    });
    bus = new Bus(createLogger({ level: 'silent', app: 'test' }));
    await bus.listen();
  });
  afterAll(async () => {
    await Promise.all(agents.map((agent) => agent.close()));
    await bus.close();
    await gateway.stop();
    await database.close();
    await distribution.stop();
    host.remove();
  });

  const machine = async (os: 'linux' | 'windows' = 'linux'): Promise<string> => {
    const id = randomUUID();
    await database.transaction((work) => adoptMachine(work, { id, name: id, os }));
    return id;
  };
  const agent = async (
    vmId: string,
    options: Partial<ConstructorParameters<typeof PublicAgent>[2]> = {},
  ): Promise<PublicAgent> => {
    const secret = deriveVmSecret(MASTER, vmId);
    const made = new PublicAgent(host.sockets, vmId, { secret, platform: 'linux', ...options });
    agents.push(made);
    return made.open();
  };
  const ask = async (machineId: string, scriptId: string): Promise<ScriptExecution> => {
    const [row] = await schedule(database, { machineId, scriptId });
    bus.emit(BusEvents.wake(null), { machineId });
    return row!;
  };
  const ended = (id: string): Promise<ScriptExecution> =>
    waitFor(
      async () => {
        const row = await readExecution(database, id);
        return row.completedAt ? row : null;
      },
      { what: 'the run to end' },
    );

  it.each([
    ['right', 0],
    ['three hours ahead', 3 * HOUR],
    ['two days behind', -48 * HOUR],
  ])(
    'runs what waits for it and what is pushed later, with a clock that is %s',
    async (_name, clockOffset) => {
      const id = await machine();
      const first = await ask(id, await script(database, 'echo "first of $0"; echo oops >&2; exit 3'));
      const guest = await agent(id, { clockOffset });
      expect(await ended(first.id)).toMatchObject({
        status: 'FAILED',
        failureReason: 'EXIT_CODE',
        exitCode: 3,
        stdout: 'first of sh\n',
        stderr: 'oops\n',
      });
      // It asks no more: this one arrives unasked.
      const second = await ask(id, await script(database, 'echo second'));
      expect(await ended(second.id)).toMatchObject({ status: 'SUCCESS', stdout: 'second\n' });
      expect(guest.ran).toHaveLength(2);
      expect(guest.refused).toEqual([]);
    },
  );

  it('is told at once that nothing waits, so that it need not ask three times', async () => {
    const guest = await agent(await machine());
    await waitFor(() => guest.heard.includes('pending_scripts_response'), {
      what: 'an empty answer',
      deadlineMs: 5000,
    });
  });

  it('has its keep-alives answered with their number, and its numeric times taken', async () => {
    const guest = await agent(await machine());
    await waitFor(() => guest.heard.length > 0, { what: 'the first answer' });
    guest.keepAlive(7);
    await waitFor(() => guest.heard.includes('keep_alive_response'), { what: 'the answer' });
  });

  it('reads a script that comes in many pieces of 4,096 bytes', async () => {
    const id = await machine();
    const text = 'x'.repeat(60_000);
    const row = await ask(id, await script(database, `: '${text}'; echo read`));
    await agent(id);
    expect(await ended(row.id)).toMatchObject({ status: 'SUCCESS', stdout: 'read\n' });
  });

  it('may write half a completion and then all of it: the result is there, once', async () => {
    const id = await machine();
    const row = await ask(id, await script(database, 'echo torn'));
    await agent(id, { tears: true });
    expect(await ended(row.id)).toMatchObject({ status: 'SUCCESS', stdout: 'torn\n' });
  });

  it('is silent while it runs a script, which is no death', async () => {
    const id = await machine();
    let finish: (outcome: Outcome) => void = () => undefined;
    const guest = await agent(id, { run: () => new Promise((resolve) => (finish = resolve)) });
    const [first, second] = [
      await ask(id, await script(database, 'true')),
      await ask(id, await script(database, 'true')),
    ];
    await waitFor(() => guest.ran.length === 1, { what: 'the first to run' });
    finish({ exit_code: 0, stdout: 'one' });
    await waitFor(() => guest.ran.length === 2, { what: 'the second to run' });
    expect(guest.connections).toBe(1);
    finish({ exit_code: 1, stderr: 'Command execution failed: Operation timed out' });
    expect(await ended(first.id)).toMatchObject({ status: 'SUCCESS', stdout: 'one' });
    expect(await ended(second.id)).toMatchObject({ status: 'TIMEOUT' });
  });

  describe('on Windows', () => {
    /** What PowerShell would do with a bootstrap, in the little of its language that a bootstrap uses. */
    const fetchAndRun = async ({ script_content: text }: PublicScript): Promise<Outcome> => {
      const url = /DownloadData\('([^']+)'\)/.exec(text)?.[1];
      if (!url) return { exit_code: 0, stdout: text };
      const response = await fetch(url);
      const bytes = Buffer.from(await response.arrayBuffer());
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      if (!text.includes(`$hash -ne '${sha256}'`)) return { exit_code: 97, stderr: 'another script' };
      const again = await fetch(url);
      return { exit_code: 0, stdout: bytes.toString(), stderr: `a second time: ${again.status}` };
    };

    it('gets short lines half a second apart, and fetches a script that is longer than a line', async () => {
      const id = await machine('windows');
      const guest = await agent(id, { platform: 'windows', run: fetchAndRun });
      await waitFor(() => guest.heard.length > 0, { what: 'the first answer' });
      const long = `Write-Output "${'ü'.repeat(5000)}"`;
      const scripts = [
        await script(database, 'Write-Output short', null, 'POWERSHELL'),
        await script(database, long, null, 'POWERSHELL'),
        await script(database, `echo ${'y'.repeat(5000)}\ndir`, null, 'CMD'),
      ];
      const rows: ScriptExecution[] = [];
      for (const scriptId of scripts) rows.push(await ask(id, scriptId));
      for (let sequence = 1; sequence <= 3; sequence += 1) guest.keepAlive(sequence);
      const [short, fetched, batch] = await Promise.all(rows.map((row) => ended(row.id)));
      expect(short).toMatchObject({ status: 'SUCCESS', stdout: 'Write-Output short' });
      expect(fetched).toMatchObject({ status: 'SUCCESS', stderr: 'a second time: 404' });
      expect(fetched?.stdout).toBe(`\uFEFF${long}`);
      expect(batch?.stdout).toBe(`@chcp 65001>nul\r\necho ${'y'.repeat(5000)}\r\ndir\r\n`);
      await waitFor(() => guest.heard.filter((type) => type === 'keep_alive_response').length === 3, {
        what: 'the answers to the keep-alives',
      });
      // A line that is cut or glued to another would be refused.
      expect(guest.refused).toEqual([]);
      for (const { bytes } of guest.lines)
        expect(bytes).toBeLessThanOrEqual(CHANNEL_LIMITS.lineToPublicWindowsAgent);
    });

    it('keeps to that when the gateway comes anew, though no handshake says what it is', async () => {
      const id = await machine('windows');
      const guest = await agent(id, { platform: 'windows', run: fetchAndRun });
      await waitFor(() => guest.heard.length > 0, { what: 'the first answer' });
      await gateway.stop();
      gateway = await startGateway(distribution.databaseUrl, host.baseDir, {
        INFINISERVICE_HMAC_MASTER_SECRET: MASTER,
        APP_HOST: '127.0.0.1',
        PORT: new URL(distribution.url).port,
      });
      await waitFor(() => guest.connections >= 2, { what: 'the new gateway' });
      guest.keepAlive(1);
      const row = await ask(
        id,
        await script(database, `Write-Output ${'z'.repeat(6000)}`, null, 'POWERSHELL'),
      );
      expect(await ended(row.id)).toMatchObject({ status: 'SUCCESS' });
      expect(guest.refused).toEqual([]);
    });
  });
});

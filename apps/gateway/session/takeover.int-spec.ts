import { randomUUID } from 'node:crypto';
import { beforeAll, expect, it } from '@jest/globals';
import { adoptMachine, type Database, inputContext } from '#db';
import { BusEvents, deriveVmSecret, ExecutionOutput } from '#protocol';
import { Bus, createLogger } from '#runtime';
import { seal } from '#secrets';
import { onBothDatabases } from '../../../test/support/servers/databases.js';
import { socketFolder, startGateway, type TestGateway } from '../../../test/support/apps/gateway.js';
import { FakeGuest } from '../../../test/support/guests/fake-guest.js';
import { readExecution, schedule, script } from '../../../test/support/rows/rows.js';
import { waitFor } from '../../../test/support/wait.js';

const MASTER = 'a master secret for the test';

onBothDatabases('a gateway of its own', (given) => {
  let database: Database;
  let scriptId: string;

  beforeAll(async () => {
    database = given().database;
    scriptId = await script(database, 'echo hello');
  });

  it('signs every line when there is a master secret', async () => {
    const other = socketFolder();
    const id = randomUUID();
    await database.transaction((work) => adoptMachine(work, { id, name: 'signed', os: 'linux' }));
    const signed = await startGateway(given().url, other.baseDir, {
      HOST_ID: 'host-signed',
      INFINISERVICE_HMAC_MASTER_SECRET: MASTER,
    });
    const own = await new FakeGuest(other.sockets, id, deriveVmSecret(MASTER, id)).open();
    try {
      const [row] = await schedule(database, { machineId: id, scriptId });
      await own.hello();
      expect((await own.script()).execution_id).toBe(row?.id);
      expect(own.envelopes.length).toBe(own.lines.length);
      const counters = own.lines.map(({ counter }) => Number(counter));
      expect(counters).toEqual([...counters].sort((a, b) => a - b));
      expect(new Set(own.envelopes.map(({ nonce }) => nonce)).size).toBe(own.envelopes.length);
    } finally {
      await own.close();
      await signed.stop();
      other.remove();
    }
  });

  it('shows no password that a script prints, in no piece of its output and not at its end', async () => {
    const other = socketFolder();
    const id = randomUUID();
    const key = '5e'.repeat(32);
    await database.transaction((work) => adoptMachine(work, { id, name: 'secret', os: 'linux' }));
    const app = await startGateway(given().url, other.baseDir, { HOST_ID: 'host-secret', SECRETS_KEY: key });
    const own = await new FakeGuest(other.sockets, id).open();
    const bus = new Bus(createLogger({ level: 'silent', app: 'test' }));
    const seen: string[] = [];
    bus.onEvent(BusEvents.executionOutput, ExecutionOutput, ({ data }) => void seen.push(data));
    await bus.listen();
    try {
      const password = 'correct-horse-battery';
      const sealed = seal(key, inputContext(scriptId, 'password'), password);
      const [row] = await schedule(database, {
        machineId: id,
        scriptId,
        inputValues: { password: { sealed } },
      });
      await own.hello();
      const handed = await own.script();
      expect(handed['input_values']).toEqual({ password });
      const text = `login ${password} ok\n`;
      for (let at = 0; at < text.length; at += 5) own.output(handed, at, text.slice(at, at + 5));
      await waitFor(() => seen.join('').length === text.length, { what: 'all output' });
      expect(seen.join('')).toBe(`login ${'*'.repeat(password.length)} ok\n`);
      await waitFor(
        async () => (await readExecution(database, handed.execution_id)).stdout?.endsWith('ok\n'),
        {
          what: 'the row to show it',
        },
      );
      expect((await readExecution(database, handed.execution_id)).stdout).not.toContain('horse');
      own.complete(handed, { status: 'failed', exit_code: -1, stdout: text, stderr: `no ${password}` });
      await own.acked(handed.execution_id);
      const ended = await readExecution(database, row?.id ?? '');
      expect(ended).toMatchObject({ stdout: `login ${'*'.repeat(password.length)} ok\n`, status: 'FAILED' });
      expect(JSON.stringify(ended)).not.toContain('horse');
    } finally {
      await bus.close();
      await own.close();
      await app.stop();
      other.remove();
    }
  });

  it('hands its machines over: a gateway that starts anew goes on with what is running', async () => {
    const other = socketFolder();
    const id = randomUUID();
    await database.transaction((work) => adoptMachine(work, { id, name: 'kept', os: 'linux' }));
    const own = await new FakeGuest(other.sockets, id).open();
    let second: TestGateway | undefined;
    const first = await startGateway(given().url, other.baseDir, { HOST_ID: 'host-b' });
    try {
      const [row] = await schedule(database, { machineId: id, scriptId });
      await own.hello();
      const handed = await own.script();
      await first.stop();
      second = await startGateway(given().url, other.baseDir, { HOST_ID: 'host-b' });
      await waitFor(() => own.connections >= 2 && own.isConnected, { what: 'the new gateway' });
      await own.hello({
        runs: [{ execution_id: handed.execution_id, attempt: 1, state: 'running', boot_id: own.bootId }],
      });
      own.complete(handed);
      await own.acked(handed.execution_id);
      expect(await readExecution(database, row?.id ?? '')).toMatchObject({ status: 'SUCCESS', epoch: 0 });
      expect(own.scripts).toHaveLength(1);
    } finally {
      await own.close();
      await (second ?? first).stop();
      other.remove();
    }
  });

  it('keeps a result of the public agent, which says it once, until the database can take it', async () => {
    const other = socketFolder();
    const id = randomUUID();
    await database.transaction((work) => adoptMachine(work, { id, name: 'public', os: 'linux' }));
    const app = await startGateway(given().url, other.baseDir, { HOST_ID: 'host-public' });
    const own = await new FakeGuest(other.sockets, id).open();
    try {
      const [row] = await schedule(database, { machineId: id, scriptId });
      await own.helloPublic();
      own.ask();
      const { execution_id } = await own.script();
      await database.work().execute('alter table series rename to series_that_is_away');
      own.send({ type: 'script_completion', execution_id, exit_code: 0, stdout: 'said once', stderr: '' });
      // Said in order: when this one is answered, the result before it is safe.
      own.send({ type: 'keep_alive', sequence_number: 5, timestamp: 1 });
      await expect(
        waitFor(() => own.count('keep_alive_response') > 0, { what: 'an answer', deadlineMs: 1000 }),
      ).rejects.toThrow('waited');
      await database.work().execute('alter table series_that_is_away rename to series');
      await waitFor(() => own.count('keep_alive_response') > 0, { what: 'the answer' });
      expect(await readExecution(database, row!.id)).toMatchObject({
        status: 'SUCCESS',
        stdout: 'said once',
      });
      expect(own.connections).toBe(1);
    } finally {
      await own.close();
      await app.stop();
      other.remove();
    }
  });
});

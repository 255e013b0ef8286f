import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import { adoptMachine, type Database } from '#db';
import { onBothDatabases } from '../../../test/support/servers/databases.js';
import { socketFolder, startGateway, type TestGateway } from '../../../test/support/apps/gateway.js';
import { FakeGuest } from '../../../test/support/guests/fake-guest.js';
import { newHelloToken } from '../../../test/support/guests/guest-port.js';
import { readExecution, schedule, script } from '../../../test/support/rows/rows.js';
import { waitFor } from '../../../test/support/wait.js';

const HOUR = 3_600_000;

onBothDatabases('the numbers of lines', (given) => {
  const host = socketFolder();
  let database: Database;
  let gateway: TestGateway;
  let guest: FakeGuest;
  let vmId: string;
  let scriptId: string;

  beforeAll(async () => {
    database = given().database;
    gateway = await startGateway(given().url, host.baseDir);
    scriptId = await script(database, 'echo hello');
  });
  afterAll(async () => {
    await gateway.stop();
    host.remove();
  });
  beforeEach(async () => {
    vmId = randomUUID();
    await database.transaction((work) => adoptMachine(work, { id: vmId, name: 'vm', os: 'linux' }));
    guest = await new FakeGuest(host.sockets, vmId).open();
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await guest.close();
  });

  const numbers = (): unknown[] => guest.lines.map(({ hello, counter }) => [hello, counter]);
  const comeAgain = async (): Promise<void> => {
    const { connections } = guest;
    guest.hangUp();
    await waitFor(() => guest.connections > connections && guest.isConnected, { what: 'the gateway' });
  };

  it('begin at one under each hello, which every line names', async () => {
    await guest.hello();
    guest.send({ type: 'keep_alive', sequence_number: 1, timestamp: 1 });
    await waitFor(() => guest.count('keep_alive_response') === 1, { what: 'an answer' });
    const first = guest.helloToken;
    // The same hello said again: its ack goes on counting.
    await guest.hello();
    expect(numbers()).toEqual([1, 2, 3].map((number) => [first, number]));
    const second = newHelloToken();
    await guest.hello({ hello: second });
    await comeAgain();
    await guest.hello();
    expect(guest.helloToken).not.toBe(first);
    expect(numbers().slice(3)).toEqual([
      [second, 1],
      [guest.helloToken, 1],
    ]);
  });

  it.each([
    ['an hour back', -HOUR],
    ['a year back', -365 * 24 * HOUR],
    ['an hour on', HOUR],
    ['a year on', 365 * 24 * HOUR],
  ])(
    'rise for an agent that names no hello, whatever the clock of the host does: %s',
    async (_name, step) => {
      guest.helloToken = undefined;
      await guest.hello();
      const now = Date.now.bind(Date);
      jest.spyOn(Date, 'now').mockImplementation(() => now() + step);
      await comeAgain();
      await guest.hello();
      const [before, after] = guest.lines.map(({ counter }) => Number(counter));
      expect(after).toBeGreaterThan(Number(before));
      expect(guest.lines.every((line) => !('hello' in line))).toBe(true);
    },
  );

  it('show what a new hello of the same agent does not list: that goes out again', async () => {
    await guest.hello();
    const [row] = await schedule(database, { machineId: vmId, scriptId });
    await guest.script(0);
    // It was written while the agent took nothing, since it said a new hello.
    await guest.hello({ hello: newHelloToken() });
    const again = await guest.script(1);
    expect(again).toMatchObject({ execution_id: row?.id, attempt: 1 });
    guest.complete(again);
    await guest.acked(again.execution_id);
    expect(await readExecution(database, row!.id)).toMatchObject({ status: 'SUCCESS' });
  });
});

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { adoptMachine, type Database, Machine } from '#db';
import { onBothDatabases } from '../../../test/support/servers/databases.js';
import { socketFolder, startGateway, type TestGateway } from '../../../test/support/apps/gateway.js';
import { FakeGuest } from '../../../test/support/guests/fake-guest.js';
import { readExecution, schedule, script } from '../../../test/support/rows/rows.js';
import { waitFor } from '../../../test/support/wait.js';

onBothDatabases('a deaf agent', (given) => {
  const host = socketFolder();
  let database: Database;
  let gateway: TestGateway;
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

  const machine = async (): Promise<[FakeGuest, string]> => {
    const id = randomUUID();
    await database.transaction((work) => adoptMachine(work, { id, name: 'vm', os: 'linux' }));
    const guest = await new FakeGuest(host.sockets, id).open();
    await guest.connected();
    return [guest, id];
  };
  const channelOf = async (id: string): Promise<Machine> => database.work().findOneOrFail(Machine, { id });

  it('is shown, acked again and handed nothing, until it says what only an acked one says', async () => {
    const [guest, id] = await machine();
    // As the agent repeats it: each second, whatever comes.
    const repeats = setInterval(() => guest.greet(), 1000);
    try {
      const shown = await waitFor(
        async () => {
          const row = await channelOf(id);
          return row.channel === 'deaf' ? row : null;
        },
        { what: 'the machine to be deaf', deadlineMs: 60_000 },
      );
      expect(String(shown.channelDetail)).toContain('secret');
      const [row] = await schedule(database, { machineId: id, scriptId });
      const acks = guest.count('handshake_ack');
      await waitFor(() => guest.count('handshake_ack') >= acks + 2, { what: 'further acks' });
      expect(guest.scripts).toEqual([]);
      expect((await readExecution(database, row!.id)).status).toBe('PENDING');
      clearInterval(repeats);
      guest.send({ type: 'keep_alive', sequence_number: 1, timestamp: 1, runs: [] });
      expect((await guest.script()).execution_id).toBe(row!.id);
      expect((await channelOf(id)).channel).toBe('ready');
    } finally {
      clearInterval(repeats);
      await guest.close();
    }
  }, 120_000);

  it('is none whose hellos came at once, since host or guest had stood still', async () => {
    const [guest, id] = await machine();
    try {
      for (let n = 0; n < 20; n += 1) guest.greet();
      await waitFor(() => guest.count('handshake_ack') === 20, { what: 'all acks' });
      const [row] = await schedule(database, { machineId: id, scriptId });
      guest.ask();
      expect((await guest.script()).execution_id).toBe(row!.id);
      expect((await channelOf(id)).channel).toBe('ready');
    } finally {
      await guest.close();
    }
  }, 120_000);
});

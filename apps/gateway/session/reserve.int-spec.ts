import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { adoptMachine, MachineEvent } from '#db';
import { socketFolder, startGateway, type TestGateway } from '../../../test/support/apps/gateway.js';
import { FakeGuest } from '../../../test/support/guests/fake-guest.js';
import { readExecution, schedule, script } from '../../../test/support/rows/rows.js';
import { onBothDatabases } from '../../../test/support/servers/databases.js';

onBothDatabases('a database near the end of its room', (given) => {
  const host = socketFolder();
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway(given().url, host.baseDir, {
      DATABASE_RESERVE_MIB: '1048576',
      DATABASE_SIZE_MIB: '1',
    });
  });
  afterAll(async () => {
    await gateway.stop();
    host.remove();
  });

  it('takes hellos and results, and no events', async () => {
    const { database } = given();
    const vmId = randomUUID();
    await database.transaction((work) => adoptMachine(work, { id: vmId, name: 'vm', os: 'linux' }));
    const [row] = await schedule(database, { machineId: vmId, scriptId: await script(database) });
    const guest = await new FakeGuest(host.sockets, vmId).open();
    try {
      await guest.hello();
      const given = await guest.script();
      guest.send({ type: 'agent_event', source: 'x', message: 'an event' });
      guest.complete(given);
      await guest.acked(row!.id);
      expect(await readExecution(database, row!.id)).toMatchObject({ status: 'SUCCESS', stdout: 'hello\n' });
      expect(await database.work().count(MachineEvent, { machineId: vmId, kind: 'agent' })).toBe(0);
    } finally {
      await guest.close();
    }
  });
});

import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createCommand, type Database, Machine, MachineEvent } from '#db';
import { GuestLab, handed } from '../../../test/support/apps/guest-lab.js';
import type { FakeGuest } from '../../../test/support/guests/fake-guest.js';
import { readExecution } from '../../../test/support/rows/rows.js';
import { onBothDatabases } from '../../../test/support/servers/databases.js';
import { waitFor } from '../../../test/support/wait.js';

onBothDatabases('an agent with another machine’s identity', (given) => {
  let database: Database;
  let lab: GuestLab;
  const golden = randomUUID();

  beforeEach(async () => {
    ({ database } = given());
    lab = await new GuestLab(database, given().url).start({ SWEEP_SECONDS: '1' });
  });
  afterEach(() => lab.stop());

  const events = async (): Promise<string[]> => {
    const rows = await database.work().find(MachineEvent, { machineId: lab.vmId });
    return rows.map(({ code }) => code);
  };
  let beats = 0;
  /** Everything that was said before has been handled. */
  const settled = async (guest: FakeGuest): Promise<void> => {
    const before = guest.count('keep_alive_response');
    guest.send({ type: 'keep_alive', sequence_number: (beats += 1), timestamp: 1, runs: [] });
    await waitFor(() => guest.count('keep_alive_response') > before, { what: 'an answer' });
  };
  const command = (): Promise<unknown> => {
    const request = { type: 'UnsafeCommand' as const, rawCommand: 'true' };
    return database.transaction((work) =>
      createCommand(work, { machineId: lab.vmId, request, timeoutSeconds: 60, triggeredBy: 'test' }),
    );
  };

  it('is shown, told once a connection, and gets no work; its words change nothing', async () => {
    await database
      .work()
      .nativeUpdate(Machine, { id: lab.vmId }, { spoolId: 'own spool', bootId: 'own boot' });
    const row = await lab.row();
    await command();
    const clone = await lab.boot();
    await clone.connected();
    const runs = [{ execution_id: row.id, attempt: 1, state: 'running', boot_id: 'x' }];
    for (let count = 0; count < 20; count += 1) await clone.hello({ vm_id: golden, runs });
    for (let count = 0; count < 20; count += 1) {
      clone.ask({ vm_id: golden });
      clone.complete({ execution_id: randomUUID(), attempt: 1 });
      clone.complete({ execution_id: row.id, attempt: 1 });
      clone.send({ type: 'agent_event', severity: 'error', source: 'x', message: 'x', timestamp: null });
    }
    await settled(clone);
    // A sweep finds nothing to do here either.
    await waitFor(async () => (await lab.machine()).lastSeenAt, { what: 'a sweep' });
    expect([handed(clone), clone.count('UnsafeCommand'), clone.count('ack')]).toEqual([[], 0, 0]);
    expect(await events()).toEqual(['security.vm_id_mismatch']);
    expect(await readExecution(database, row.id)).toMatchObject({ status: 'PENDING', attempt: 1 });
    expect(await lab.machine()).toMatchObject({
      identity: "another machine's",
      protocol: 2,
      spoolId: 'own spool',
      bootId: 'own boot',
    });

    // The next connection is remembered: what comes before its hello gets no work.
    clone.hangUp();
    await clone.connected();
    clone.ask({ vm_id: golden });
    await clone.hello({ vm_id: golden });
    await settled(clone);
    expect([handed(clone), clone.count('UnsafeCommand')]).toEqual([[], 0]);
    expect(await events()).toEqual(['security.vm_id_mismatch', 'security.vm_id_mismatch']);

    // It is given an identity of its own.
    await clone.hello({ session: 'its own' });
    expect((await clone.script()).execution_id).toBe(row.id);
    await waitFor(() => clone.count('UnsafeCommand'), { what: 'the command' });
    expect((await lab.machine()).identity).toBe('own');
  });

  it('is not one that writes its id in capitals', async () => {
    const row = await lab.row();
    const guest = await lab.boot();
    await guest.hello({ vm_id: lab.vmId.toUpperCase() });
    expect((await guest.script()).execution_id).toBe(row.id);
    expect([await events(), (await lab.machine()).identity]).toEqual([[], 'own']);
  });

  it('is given its scripts where it is the public one, which is told', async () => {
    const row = await lab.row();
    const guest = await lab.boot();
    await guest.connected();
    guest.send({ type: 'handshake', vm_id: golden, version: '0.1.0', platform: 'linux', capabilities: [] });
    await lab.ask(guest);
    expect(handed(guest)).toEqual([row.id]);
    expect(await events()).toContain('security.vm_id_mismatch');
    expect((await lab.machine()).identity).toBeNull();
  });
});

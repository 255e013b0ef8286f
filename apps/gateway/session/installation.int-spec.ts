import { createHash, randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Database, findMediumByProof, Machine, MachineEvent, recordPinFetched } from '#db';
import { GuestLab, handed } from '../../../test/support/apps/guest-lab.js';
import type { FakeGuest } from '../../../test/support/guests/fake-guest.js';
import { medium, type MediumRow } from '../../../test/support/rows/medium-rows.js';
import { readExecution } from '../../../test/support/rows/rows.js';
import { onBothDatabases } from '../../../test/support/servers/databases.js';
import { waitFor } from '../../../test/support/wait.js';

onBothDatabases('first-boot scripts of a medium', (given) => {
  let database: Database;
  let lab: GuestLab;

  beforeEach(async () => {
    ({ database } = given());
    lab = await new GuestLab(database, given().url).start({ SWEEP_SECONDS: '1', LEASE_SECONDS: '600' });
  });
  afterEach(() => lab.stop());

  /** What a hello says that was installed from it. */
  const from = ({ id, proof }: Pick<MediumRow, 'id' | 'proof'>) => ({ medium: { id, proof }, setup: 'done' });
  const status = async (id: string): Promise<string> => (await readExecution(database, id)).status;
  const unproved = (): Promise<number> =>
    database.work().count(MachineEvent, { machineId: lab.vmId, code: 'security.medium_unproved' });

  it('never go to the old system that is connected, whatever it invents, and go to the one of their medium', async () => {
    const [before, replacement] = [await medium(database, lab.vmId), await medium(database, lab.vmId)];
    const waits = await lab.firstBoot(replacement.id);
    const old = await lab.boot();
    const wrong = { ...replacement, proof: before.proof };
    for (const said of [
      {},
      { setup: 'done' },
      from(before),
      { ...from(before), spool_id: randomUUID(), session: 'another process' },
      { ...from(before), boot_id: randomUUID(), session: 'another boot' },
      { ...from(wrong), session: 'a liar' },
      { ...from(wrong), session: 'a liar', spool_id: randomUUID() },
      { medium: { id: replacement.id }, session: 'half' },
      { medium: replacement.id, session: 'no object' },
    ]) {
      await old.hello(said);
      await lab.ask(old);
    }
    expect(handed(old)).toEqual([]);
    expect([await status(waits.id), await unproved()]).toEqual(['PENDING', 1]);
    const demand = await lab.row();
    await old.hello(from(before));
    await lab.ask(old);
    expect(handed(old)).toEqual([demand.id]);
    old.complete(old.scripts[0]!);
    await old.acked(demand.id);

    const fresh = await lab.boot();
    await fresh.hello({ ...from(replacement), setup: 'running' });
    await lab.ask(fresh);
    expect(handed(fresh)).toEqual([]);
    await fresh.hello(from(replacement));
    expect((await fresh.script()).execution_id).toBe(waits.id);
    expect(await lab.machine()).toMatchObject({ provedMedium: replacement.id, identity: 'own' });
  });

  it('go to no system that a replaced medium has installed: two media in turn', async () => {
    const [first, second] = [await medium(database, lab.vmId), await medium(database, lab.vmId)];
    const waits = await lab.firstBoot(second.id);
    const late = await lab.boot();
    await late.hello(from(first));
    await lab.ask(late);
    expect([handed(late), (await lab.machine()).provedMedium]).toEqual([[], first.id]);
    const right = await lab.boot();
    await right.hello(from(second));
    expect((await right.script()).execution_id).toBe(waits.id);
  });

  it('wait when the snapshot of the old disk is brought back while they wait', async () => {
    const [old, fresh] = [await medium(database, lab.vmId), await medium(database, lab.vmId)];
    const [one, two] = [await lab.firstBoot(fresh.id), await lab.firstBoot(fresh.id, { order: 1 })];
    const installed = await lab.boot();
    await installed.hello(from(fresh));
    const script = await installed.script();
    installed.complete(script);
    await installed.acked(one.id);
    await waitFor(async () => (await status(two.id)) === 'RUNNING', { what: 'the second script' });
    const given = (await installed.script(1)) as { execution_id: string };
    expect(given.execution_id).toBe(two.id);

    // The second one is lost with the disk; a third one still waits.
    const three = await lab.firstBoot(fresh.id, { order: 2 });
    const snapshot = await lab.boot();
    await snapshot.hello(from(old));
    await waitFor(async () => (await status(two.id)) !== 'RUNNING', { what: 'the lost script’s end' });
    await lab.ask(snapshot);
    expect([handed(snapshot), await status(three.id)]).toEqual([[], 'PENDING']);
    const again = await lab.boot();
    await again.hello(from(fresh));
    expect((await again.script()).execution_id).toBe(three.id);
  });

  it('go out at the sweep after a hello whose proof the database could not take', async () => {
    const fresh = await medium(database, lab.vmId);
    const waits = await lab.firstBoot(fresh.id);
    const guest = await lab.boot();
    await guest.hello({ ...from(fresh), setup: 'running' });
    await database.work().execute('alter table media rename to media_that_is_away');
    try {
      guest.greet(from(fresh));
      guest.send({ type: 'keep_alive', sequence_number: 1, timestamp: 1 });
      await waitFor(() => guest.count('keep_alive_response'), { what: 'what comes after the hello' });
    } finally {
      await database.work().execute('alter table media_that_is_away rename to media');
    }
    expect((await guest.script()).execution_id).toBe(waits.id);
  });

  describe('where the public agent speaks', () => {
    const fetch = async ({ proof, binary, script }: MediumRow): Promise<void> => {
      const hash = createHash('sha256').update(proof).digest('hex');
      const found = await findMediumByProof(database.work(), hash);
      for (const file of [binary, script]) await recordPinFetched(database.work(), found!, file);
    };
    const handshake = async (guest: FakeGuest, platform: 'linux' | 'windows' = 'linux'): Promise<void> => {
      await guest.connected();
      guest.send({ type: 'handshake', vm_id: lab.vmId, version: '0.1.0', platform, capabilities: [] });
      await lab.ask(guest);
    };

    it('go out at the first handshake after both of their medium’s files were fetched with its proof', async () => {
      const [old, fresh] = [await medium(database, lab.vmId), await medium(database, lab.vmId)];
      await fetch(old);
      const waits = await lab.firstBoot(fresh.id);
      const before = await lab.boot();
      await handshake(before);
      await fetch(fresh);
      await lab.ask(before);
      expect([handed(before), (await lab.machine()).provedMedium]).toEqual([[], old.id]);
      const installed = await lab.boot();
      await handshake(installed);
      expect(handed(installed)).toEqual([waits.id]);
    });

    it('go out an hour after that handshake on Windows, which is told', async () => {
      const fresh = await medium(database, lab.vmId, { family: 'windows' });
      await fetch(fresh);
      const waits = await lab.firstBoot(fresh.id);
      const guest = await lab.boot();
      await handshake(guest, 'windows');
      expect(handed(guest)).toEqual([]);
      const events = await database.work().find(MachineEvent, { machineId: lab.vmId });
      expect(events.map(({ code }) => code)).toContain('install.first_boot_waits');
      await database.work().nativeUpdate(Machine, { id: lab.vmId }, { firstBootFrom: new Date(0) });
      expect((await guest.script()).execution_id).toBe(waits.id);
    });
  });
});

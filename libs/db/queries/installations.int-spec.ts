import { createHash } from 'node:crypto';
import { beforeEach, expect, it } from '@jest/globals';
import {
  claimDue,
  type Database,
  databaseNow,
  findMediumByProof,
  findWaiting,
  Machine,
  Media,
  recordInstallation,
  recordOtherIdentity,
  recordPinFetched,
  recordPublicInstallation,
  type ScriptExecution,
} from '../index.js';
import { newId, onBothDatabases } from '../../../test/support/servers/databases.js';
import { medium, type MediumRow } from '../../../test/support/rows/medium-rows.js';
import { machineWithLease, schedule } from '../../../test/support/rows/rows.js';

const OWNER = 'host-a#1';

onBothDatabases('the installation that a machine shows', (given) => {
  let database: Database;
  let machineId: string;

  beforeEach(async () => {
    ({ database } = given());
    machineId = await machineWithLease(database, OWNER);
  });

  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  const shows = (of: Pick<MediumRow, 'id' | 'proof'> | null, setup: 'running' | 'done' = 'done') =>
    recordInstallation(database.work(), {
      ...{ machineId, owner: OWNER, setup },
      medium: of && { id: of.id, proofSha256: sha256(of.proof) },
    });
  const handshakes = (isWindows = false, owner = OWNER) =>
    recordPublicInstallation(database.work(), { machineId, owner, isWindows });
  const fetched = async (of: MediumRow, ...hashes: string[]): Promise<void> => {
    const found = await findMediumByProof(database.work(), sha256(of.proof));
    expect(found).toMatchObject({ id: of.id, machineId });
    for (const hash of hashes) await recordPinFetched(database.work(), found!, hash);
  };
  const firstBoot = async (mediaId: string | null, order = 0): Promise<ScriptExecution> => {
    const [row] = await schedule(database, { machineId, executionType: 'FIRST_BOOT', mediaId, order });
    return row!;
  };
  const claim = async (): Promise<string[]> =>
    (await claimDue(database.work(), { machineId, owner: OWNER, capacity: 10 })).map(({ id }) => id);
  const due = async (): Promise<number | null> => (await findWaiting(database.work(), machineId)).dueInMs;
  const machine = (): Promise<Machine> => database.work().findOneOrFail(Machine, { id: machineId });

  it('is believed by the proof of one of its own media alone', async () => {
    const [own, other] = [await medium(database, machineId), await medium(database, newId())];
    expect(await shows(own)).toMatchObject({ provedMedium: own.id, setup: 'done' });
    for (const wrong of [
      { ...own, proof: other.proof },
      { ...own, proof: sha256(own.proof) },
      other,
      { ...own, id: newId() },
      null,
    ]) {
      await shows(own);
      expect(await shows(wrong)).toMatchObject({ provedMedium: null });
    }
    expect(await machine()).toMatchObject({ identity: 'own', provedMedium: null });
  });

  it('decides who gets the first-boot rows of a medium, and nothing else does', async () => {
    const [old, fresh] = [await medium(database, machineId), await medium(database, machineId)];
    const [first, second] = [await firstBoot(fresh.id), await firstBoot(fresh.id, 1)];
    const [demand] = await schedule(database, { machineId });
    await shows(null);
    expect(await claim()).toEqual([demand!.id]);
    for (const wrong of [old, { ...fresh, proof: old.proof }]) {
      await shows(wrong);
      expect([await claim(), await due()]).toEqual([[], null]);
    }
    await shows(fresh, 'running');
    expect([await claim(), await due()]).toEqual([[], null]);
    await shows(fresh);
    expect(await due()).toBeLessThanOrEqual(0);
    expect(await claim()).toEqual([first.id]);
    await database.work().execute(`update script_execution set status = 'SUCCESS' where id = ?`, [first.id]);
    expect(await claim()).toEqual([second.id]);
  });

  it('is no matter for rows of media without a proof', async () => {
    const row = await firstBoot(null);
    await shows(await medium(database, machineId));
    expect(await claim()).toEqual([row.id]);
  });

  it('lets rows wait for lower ones of their own medium only', async () => {
    const [old, fresh] = [await medium(database, machineId), await medium(database, machineId)];
    await firstBoot(old.id, 0);
    await firstBoot(null, 0);
    const row = await firstBoot(fresh.id, 1);
    await database.work().execute(`update script_execution set status = 'RUNNING' where media_id is null`);
    await shows(fresh);
    expect(await claim()).toEqual([row.id]);
  });

  it('of the public agent is the medium whose two files were fetched last with its proof', async () => {
    const [old, fresh] = [await medium(database, machineId), await medium(database, machineId)];
    const row = await firstBoot(fresh.id);
    expect(await handshakes()).toMatchObject({ provedMedium: null });
    await fetched(old, old.script, old.binary);
    expect(await handshakes()).toMatchObject({ provedMedium: old.id });
    // What the medium does not pin tells nothing, nor does one of the two.
    await fetched(fresh, fresh.binary, old.script);
    expect(await handshakes()).toMatchObject({ provedMedium: old.id });
    expect(await claim()).toEqual([]);
    await fetched(fresh, fresh.script);
    // Not before the handshake that comes after them.
    expect(await claim()).toEqual([]);
    expect(await handshakes()).toMatchObject({ provedMedium: fresh.id, firstBootFrom: null });
    expect(await claim()).toEqual([row.id]);
    expect(await findMediumByProof(database.work(), sha256('x'))).toBeNull();
    // Installed from the old one once more.
    await database
      .work()
      .nativeUpdate(Media, { id: fresh.id }, { binaryFetchedAt: new Date(0), scriptFetchedAt: new Date(0) });
    expect(await handshakes()).toMatchObject({ provedMedium: old.id });
  });

  it('of the public agent on Windows has its first-boot scripts an hour after the first handshake', async () => {
    const fresh = await medium(database, machineId);
    const row = await firstBoot(fresh.id);
    await fetched(fresh, fresh.script, fresh.binary);
    const first = await handshakes(true);
    const inMs = first!.firstBootFrom!.getTime() - (await databaseNow(database.work())).getTime();
    expect(inMs).toBeGreaterThan(3_500_000);
    expect(inMs).toBeLessThanOrEqual(3_600_000);
    expect([await claim(), await due()]).toEqual([[], null]);
    // A restart of the machine does not begin it anew.
    expect(await handshakes(true)).toEqual(first);
    const [past] = [new Date((await databaseNow(database.work())).getTime() - 1)];
    await database.work().nativeUpdate(Machine, { id: machineId }, { firstBootFrom: past });
    expect(await claim()).toEqual([row.id]);
  });

  it('is written by whoever holds the lease alone', async () => {
    const fresh = await medium(database, machineId);
    const said = { machineId, owner: 'host-b#2' };
    const mine = { id: fresh.id, proofSha256: sha256(fresh.proof) };
    expect(await recordInstallation(database.work(), { ...said, setup: 'done', medium: mine })).toBeNull();
    expect(await handshakes(false, said.owner)).toBeNull();
    const other = { ...said, protocol: 2, agentVersion: '1' };
    expect(await recordOtherIdentity(database.work(), other)).toBe(false);
    expect(await machine()).toMatchObject({ provedMedium: null, identity: null, protocol: null });
  });

  it('that has another machine’s identity gets no work of any kind until it is itself', async () => {
    const fresh = await medium(database, machineId);
    await shows(fresh);
    const said = { machineId, owner: OWNER, protocol: 2, agentVersion: '1.2.3' };
    expect(await recordOtherIdentity(database.work(), said)).toBe(true);
    expect(await machine()).toMatchObject({
      identity: "another machine's",
      protocol: 2,
      agentVersion: '1.2.3',
    });
    const [demand] = await schedule(database, { machineId });
    const row = await firstBoot(fresh.id);
    expect([await claim(), await due()]).toEqual([[], null]);
    await shows(fresh);
    expect((await claim()).sort()).toEqual([demand!.id, row.id].sort());
  });
});

import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  claimDue,
  type Database,
  databaseNow,
  findAbandoned,
  findWaiting,
  Machine,
  machinesWithWork,
  openDatabase,
  recordDelivery,
  renewLeases,
  returnToPending,
  ScriptExecution,
  takeLease,
} from '../index.js';
import { dialectOf } from '../sql.js';
import { newId, onBothDatabases } from '../../../test/support/servers/databases.js';
import { machineWithLease, readExecution, schedule } from '../../../test/support/rows/rows.js';

const OWNER = 'host-a#1';
const OTHER = 'host-b#2';

onBothDatabases('claiming rows', (given) => {
  let database: Database;
  let machineId: string;

  beforeEach(async () => {
    ({ database } = given());
    machineId = await machineWithLease(database, OWNER);
  });

  const claim = (capacity = 10, owner = OWNER): ReturnType<typeof claimDue> =>
    claimDue(database.work(), { machineId, owner, capacity });

  const giveBack = (row: ScriptExecution): ReturnType<typeof returnToPending> =>
    database.transaction((work) => returnToPending(work, row));

  const waiting = () => findWaiting(database.work(), machineId);

  const setLease = (seconds: number): Promise<unknown> => {
    const work = database.work();
    return work.execute(
      `update machine set lease_expires_at = ${dialectOf(work).nowPlusSeconds} where id = ?`,
      [seconds, machineId],
    );
  };

  it('hands out a row whose time is exactly now, and marks it RUNNING', async () => {
    // A row that is scheduled "now" has the database's time of its insert, so it is never ahead of the
    // claim's time.
    const [row] = await schedule(database, { machineId, scheduledFor: null });
    const claimed = await claim();
    expect(claimed.map(({ id }) => id)).toEqual([row?.id]);
    const read = await readExecution(database, row!.id);
    expect(read).toMatchObject({ status: 'RUNNING', attempt: 1, leaseOwner: OWNER, deliveryStartedAt: null });
    expect(read.startedAt).toBeInstanceOf(Date);
    expect(read.leaseExpiresAt).toBeInstanceOf(Date);
  });

  it('leaves a row of the future alone and tells when it is due', async () => {
    const now = await databaseNow(database.work());
    await schedule(database, { machineId, scheduledFor: new Date(now.getTime() + 60_000) });
    expect(await claim()).toEqual([]);
    const { dueInMs } = await waiting();
    expect(dueInMs).toBeGreaterThan(50_000);
    expect(dueInMs).toBeLessThanOrEqual(60_000);
    expect(await findWaiting(database.work(), newId())).toEqual({ running: 0, dueInMs: null, commands: 0 });
  });

  it('hands out by order, then by the time of creation, at most what the machine may run', async () => {
    const rows = await schedule(
      database,
      { machineId, order: 2 },
      { machineId, order: 1 },
      { machineId, order: 1 },
      { machineId, order: 0 },
    );
    const ids = rows.map(({ id }) => id);
    expect((await claim(3)).map(({ id }) => id)).toEqual([ids[3], ids[1], ids[2]]);
    expect(await waiting()).toMatchObject({ running: 3, dueInMs: expect.any(Number) });
    expect((await claim(3)).map(({ id }) => id)).toEqual([ids[0]]);
    expect(await claim(0)).toEqual([]);
    expect(await claim(-1)).toEqual([]);
  });

  it('hands out each row once, however many ask at the same moment', async () => {
    const rows = await schedule(database, ...Array.from({ length: 20 }, () => ({ machineId })));
    const answers = await Promise.all(Array.from({ length: 8 }, () => claim(5)));
    const handed = answers.flat().map(({ id }) => id);
    expect(new Set(handed).size).toBe(handed.length);
    const rest = (await claim(20)).map(({ id }) => id);
    expect([...handed, ...rest].sort()).toEqual(rows.map(({ id }) => id).sort());
  });

  it('gives nothing to an owner that does not hold the lease, or holds one that has ended', async () => {
    await schedule(database, { machineId });
    expect(await claim(1, OTHER)).toEqual([]);
    await setLease(-1);
    expect(await claim()).toEqual([]);
    await setLease(60);
    expect(await claim()).toHaveLength(1);
  });

  it('gives nothing to a machine that is not registered', async () => {
    await schedule(database, { machineId });
    await database.work().execute('update machine set registered = false where id = ?', [machineId]);
    expect(await claim()).toEqual([]);
  });

  it("never hands out another machine's rows", async () => {
    const other = await machineWithLease(database, OWNER);
    await schedule(database, { machineId: other });
    expect(await claim()).toEqual([]);
  });

  it('does not hand out a row whose deliverBy has passed', async () => {
    const now = await databaseNow(database.work());
    await schedule(
      database,
      { machineId, scheduledFor: new Date(now.getTime() - 10_000), deliverBy: new Date(now.getTime() - 1) },
      {
        machineId,
        scheduledFor: new Date(now.getTime() - 10_000),
        deliverBy: new Date(now.getTime() + 60_000),
      },
    );
    expect(await claim()).toHaveLength(1);
  });

  it('lets a first-boot row wait until all lower ones are final, and others pass', async () => {
    const firstBoot = { machineId, executionType: 'FIRST_BOOT' as const };
    const [low, high, demand] = await schedule(
      database,
      { ...firstBoot, order: 0 },
      { ...firstBoot, order: 1 },
      { machineId, order: 5 },
    );
    expect((await claim()).map(({ id }) => id)).toEqual([low!.id, demand!.id]);
    expect(await claim()).toEqual([]);
    await database.work().execute(`update script_execution set status = 'FAILED' where id = ?`, [low!.id]);
    expect((await claim()).map(({ id }) => id)).toEqual([high!.id]);
  });

  it('lets first-boot rows wait while the installation goes on, and tells of none of them', async () => {
    const setup = (value: string | null): Promise<unknown> =>
      database.work().execute('update machine set setup = ? where id = ?', [value, machineId]);
    const firstBoot = { machineId, executionType: 'FIRST_BOOT' as const };
    await setup('running');
    const [first] = await schedule(database, firstBoot);
    expect(await claim()).toEqual([]);
    expect(await waiting()).toMatchObject({ dueInMs: null });
    const now = await databaseNow(database.work());
    const [later] = await schedule(database, { machineId, scheduledFor: new Date(now.getTime() + 60_000) });
    expect((await waiting()).dueInMs).toBeGreaterThan(50_000);
    const [demand, scheduled] = await schedule(
      database,
      { machineId },
      { machineId, executionType: 'SCHEDULED' },
    );
    expect((await claim()).map(({ id }) => id)).toEqual([demand!.id, scheduled!.id]);
    // A sweep looks at the machine nevertheless: the end may be one that the database could not take.
    expect(await machinesWithWork(database.work(), OWNER, 0)).toContain(machineId);
    for (const over of ['done', null]) {
      await setup(over);
      expect((await waiting()).dueInMs).toBeLessThanOrEqual(0);
      const [claimed] = await claim();
      expect(claimed?.id).toBe(first!.id);
      await giveBack(claimed!);
    }
    expect((await readExecution(database, later!.id)).status).toBe('PENDING');
  });

  it('records a delivery for the owner of the claim alone', async () => {
    const [row] = await schedule(database, { machineId });
    await claim();
    const record = (owner: string, epoch = 0): Promise<boolean> =>
      recordDelivery(database.work(), { id: row!.id, epoch }, owner);
    expect(await record(OTHER)).toBe(false);
    // It was taken back meanwhile, and claimed again.
    expect(await record(OWNER, -1)).toBe(false);
    await setLease(-1);
    expect(await record(OWNER)).toBe(false);
    expect((await readExecution(database, row!.id)).deliveryStartedAt).toBeNull();
    await setLease(60);
    expect(await record(OWNER)).toBe(true);
    expect((await readExecution(database, row!.id)).deliveryStartedAt).toBeInstanceOf(Date);
  });

  it('takes a row back with the same attempt and the next epoch, once', async () => {
    const [row] = await schedule(database, { machineId });
    const [claimed] = await claim();
    expect(await giveBack(claimed!)).toBe('PENDING');
    expect(await readExecution(database, row!.id)).toMatchObject({
      status: 'PENDING',
      attempt: 1,
      epoch: claimed!.epoch + 1,
      startedAt: null,
      leaseOwner: null,
    });
    const [again] = await claim();
    expect(again?.id).toBe(row!.id);
    // The first holder's knowledge is old: it must not take the row from the second one.
    expect(await giveBack(claimed!)).toBeNull();
    expect((await readExecution(database, row!.id)).status).toBe('RUNNING');
  });

  describe('a row that was claimed and not delivered', () => {
    const abandoned = async (): Promise<string[]> =>
      (await findAbandoned(database.work(), 120)).flatMap((row) =>
        row.machineId === machineId ? [row.id] : [],
      );
    let lost: ScriptExecution;

    beforeEach(async () => {
      const [first, delivered] = await schedule(database, { machineId }, { machineId });
      const claimed = await claim();
      await recordDelivery(
        database.work(),
        claimed.find(({ id }) => id === delivered!.id)!,
        OWNER,
      );
      lost = first!;
      expect(await abandoned()).toEqual([]);
    });

    it('is left behind by a gateway whose lease has ended', async () => {
      await setLease(-1);
      expect(await abandoned()).toEqual([lost.id]);
    });

    it('is left behind by a gateway that holds other machines and has lost this one', async () => {
      await machineWithLease(database, OWNER);
      await database.work().nativeUpdate(Machine, { id: machineId }, { leaseOwner: OTHER });
      await renewLeases(database.work(), OWNER, 60);
      expect(await abandoned()).toEqual([lost.id]);
    });

    it('is left behind by a gateway that goes on and has had its time', async () => {
      const work = database.work();
      const age = (seconds: number): Promise<unknown> =>
        work.execute(
          `update script_execution set started_at = ${dialectOf(work).nowPlusSeconds} where id = ?`,
          [-seconds, lost.id],
        );
      await age(110);
      expect(await abandoned()).toEqual([]);
      await age(130);
      expect(await abandoned()).toEqual([lost.id]);
    });

    it('is taken back by whoever takes the machine, and what was delivered is not', async () => {
      const { epoch } = await readExecution(database, lost.id);
      await setLease(-1);
      const lease = { machineId, owner: OTHER, hostId: 'host-b', seconds: 60 };
      expect(await takeLease(database.work(), lease)).toBe(2);
      expect(await readExecution(database, lost.id)).toMatchObject({
        status: 'PENDING',
        epoch: epoch + 1,
        leaseOwner: null,
      });
      expect(await recordDelivery(database.work(), { id: lost.id, epoch }, OWNER)).toBe(false);
      const rows = await database.work().find(ScriptExecution, { machineId });
      expect(rows.map(({ status }) => status).sort()).toEqual(['PENDING', 'RUNNING']);
    });
  });

  it('keeps milliseconds of the time that was asked for', async () => {
    const at = new Date('2031-05-06T07:08:09.123Z');
    const [row] = await schedule(database, { machineId, scheduledFor: at });
    expect((await readExecution(database, row!.id)).scheduledFor.toISOString()).toBe(at.toISOString());
  });
});

onBothDatabases('two processes at one database', (given) => {
  it('claims each row once, also over connections of their own', async () => {
    const { database, kind, url } = given();
    const machineId = await machineWithLease(database, OWNER);
    const rows = await schedule(database, ...Array.from({ length: 12 }, () => ({ machineId })));
    // A second pool for PostgreSQL; SQLite has one connection per process by design, which openDatabase
    // keeps.
    const second = await openDatabase(kind === 'PostgreSQL' ? `${url}?application_name=second` : url);
    try {
      const answers = await Promise.all(
        [database, second, database, second].map((from) =>
          claimDue(from.work(), { machineId, owner: OWNER, capacity: 4 }),
        ),
      );
      const handed = answers.flat().map(({ id }) => id);
      expect(new Set(handed).size).toBe(handed.length);
      const rest = await claimDue(second.work(), { machineId, owner: OWNER, capacity: 12 });
      expect(handed.length + rest.length).toBe(rows.length);
    } finally {
      await second.close();
    }
    await database.check();
  });

  it('hands out no more than it was asked for, whatever plan the database makes', async () => {
    const { database, kind, url } = given();
    const machineId = await machineWithLease(database, OWNER);
    await schedule(database, ...Array.from({ length: 30 }, () => ({ machineId })));
    // A nested loop runs an inner query again for each outer row: a limit inside it then limits nothing.
    const settings = ['hashjoin', 'mergejoin', 'hashagg', 'material', 'memoize'].map(
      (name) => `-c enable_${name}=off`,
    );
    const loops =
      kind === 'PostgreSQL'
        ? await openDatabase(`${url}?options=${encodeURIComponent(settings.join(' '))}`)
        : database;
    try {
      for (let n = 0; n < 5; n += 1)
        expect(await claimDue(loops.work(), { machineId, owner: OWNER, capacity: 1 })).toHaveLength(1);
      expect((await findWaiting(loops.work(), machineId)).running).toBe(5);
    } finally {
      if (loops !== database) await loops.close();
    }
  });
});

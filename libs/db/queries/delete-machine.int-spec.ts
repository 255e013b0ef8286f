import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  adoptMachine,
  claimCommands,
  createCommand,
  type Database,
  deleteMachine,
  Machine,
  MachineCommand,
  MachinesGoneError,
  ScriptExecution,
  Series,
} from '../index.js';
import { newId, onBothDatabases } from '../../../test/support/servers/databases.js';
import { every, schedule } from '../../../test/support/rows/rows.js';
import { OWNER, runLife } from '../../../test/support/rows/run-life.js';

const ROUNDS = 18;

onBothDatabases('deleting a machine', (given) => {
  const { machine, claimAndDeliver, record } = runLife(given);
  let database: Database;
  let machineId: string;

  beforeEach(() => {
    ({ database } = given());
    machineId = machine();
  });

  const remove = (id: string, force = true): ReturnType<typeof deleteMachine> =>
    database.transaction((work) => deleteMachine(work, id, { force }));
  const open = (id: string): Promise<number> =>
    database.work().count(ScriptExecution, { machineId: id, status: { $in: ['PENDING', 'RUNNING'] } });
  const command = (id: string): ReturnType<typeof createCommand> =>
    database.transaction((work) =>
      createCommand(work, {
        machineId: id,
        request: { type: 'UnsafeCommand', rawCommand: 'true' },
        timeoutSeconds: 60,
        triggeredBy: 'test',
      }),
    );

  it('leaves a machine with open runs alone unless it is forced, and says how many', async () => {
    await schedule(database, { machineId }, { machineId });
    expect(await remove(machineId, false)).toEqual({ open: 2, deleted: false });
    expect(await database.work().count(Machine, { id: machineId })).toBe(1);
    expect(await remove(machineId)).toEqual({ open: 2, deleted: true });
    expect(await remove(machineId)).toBeNull();
  });

  it('ends its runs, its series and its commands', async () => {
    const [row] = await schedule(database, { machineId, rule: every(60) });
    const waiting = await command(machineId);
    await claimAndDeliver();
    await remove(machineId);
    expect(await open(machineId)).toBe(0);
    const series = await database.work().findOneOrFail(Series, { id: row!.seriesId! });
    expect(series).toMatchObject({ stopReason: 'machine deleted' });
    const answered = await database.work().findOneOrFail(MachineCommand, { id: waiting!.id });
    expect(answered).toMatchObject({ state: 'EXPIRED' });
    // Its guest goes on and says how the run ended: that makes no next one.
    expect(await record({ executionId: row!.id })).toBe('evidence');
    expect(await open(machineId)).toBe(0);
    await database.transaction((work) => adoptMachine(work, { id: machineId, name: 'the next of that id' }));
    expect(await claimCommands(database.work(), machineId, OWNER)).toEqual([]);
  });

  it('refuses what is asked for afterwards', async () => {
    await remove(machineId);
    await expect(schedule(database, { machineId })).rejects.toThrow(MachinesGoneError);
    await expect(command(machineId)).rejects.toThrow(MachinesGoneError);
  });

  describe(`leaves nothing open of what comes at the same time, in ${ROUNDS} of ${ROUNDS} rounds:`, () => {
    /** Deletes machines while something is done for each of them. @returns ids of those with open rows */
    async function race(meanwhile: (id: string) => Promise<unknown>): Promise<string[]> {
      const ids = Array.from({ length: ROUNDS }, newId);
      await Promise.all(
        ids.map((id) => database.transaction((work) => adoptMachine(work, { id, name: 'vm' }))),
      );
      const left: string[] = [];
      for (const id of ids) {
        await Promise.all([meanwhile(id).catch(() => undefined), remove(id)]);
        if ((await open(id)) > 0) left.push(id);
      }
      return left;
    }

    it('a schedule', async () => {
      expect(
        await race((machineId) => schedule(database, ...Array.from({ length: 5 }, () => ({ machineId })))),
      ).toEqual([]);
    });

    it('a repeating schedule', async () => {
      expect(await race((id) => schedule(database, { machineId: id, rule: every(60) }))).toEqual([]);
    });

    it('the end of a run, which makes the next of its series', async () => {
      const ids: string[] = [];
      const left: string[] = [];
      for (let round = 0; round < ROUNDS / 6; round += 1) {
        const id = newId();
        await database.transaction((work) => adoptMachine(work, { id, name: 'vm' }));
        const rows = await schedule(
          database,
          ...Array.from({ length: 6 }, () => ({ machineId: id, rule: every(60) })),
        );
        await database.work().nativeUpdate(ScriptExecution, { machineId: id }, { status: 'RUNNING' });
        await Promise.all([
          remove(id),
          ...rows.map((row) => record({ machineId: id, executionId: row.id }).catch(() => undefined)),
        ]);
        ids.push(id);
        if ((await open(id)) > 0) left.push(id);
      }
      expect([ids.length, left]).toEqual([ROUNDS / 6, []]);
    });
  });
});

import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Machine, ScriptExecution } from '#db';
import { isFinal } from '#protocol';
import { CrashWorld } from '../support/crash/crash-world.js';
import { type CrashGuest, kill, QemuGuest, UnixGuest } from '../support/crash/guests.js';
import { LineProxy } from '../support/crash/line-proxy.js';
import { content, goOn, openGate, type Round, type Step, STEPS, witness } from '../support/crash/steps.js';
import { every, schedule, script } from '../support/rows/rows.js';
import { waitFor } from '../support/wait.js';

type Victim = 'agent' | 'runner' | 'gateway' | 'redis' | 'postgres' | 'qemu';

/**
 * `npm run test:crash` sets it: every victim at every step, so many times. Otherwise each step has one
 * victim, and each victim its steps.
 */
const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 0);
/** A supervisor lives from the start of a script to its result. */
const WITH_RUNNER = new Set(['started', 'in mid-output', 'exited']);
/** From the moment at which the guest may have begun until its result is safe, a power cut ends the run. */
const CUT_SHORT = new Set(['delivered', 'started', 'in mid-output', 'exited']);

const VICTIMS: readonly Victim[] = ['agent', 'runner', 'gateway', 'redis', 'postgres', 'qemu'];
/**
 * One round per step, so that each victim has its turn; QEMU has three more, since its boots take their time.
 */
const SHORT: readonly Victim[][] = [
  ['gateway'],
  ['gateway'],
  ['agent'],
  ['postgres', 'qemu'],
  ['agent'],
  ['gateway', 'qemu'],
  ['runner'],
  ['redis', 'qemu'],
  ['agent'],
  ['gateway'],
  ['agent'],
  ['postgres'],
];

const cases = STEPS.flatMap((step, index) =>
  (ROUNDS > 0 ? VICTIMS : (SHORT[index] ?? []))
    .filter((victim) => victim !== 'runner' || WITH_RUNNER.has(step.name))
    .flatMap((victim) =>
      Array.from({ length: Math.max(ROUNDS, 1) }, (_, round) => ({
        step,
        victim,
        name: step.name,
        round: round + 1,
      })),
    ),
);

describe('a run loses nothing and doubles nothing', () => {
  let world: CrashWorld;
  let qemu: { guest: QemuGuest; machineId: string } | null = null;

  beforeAll(async () => {
    world = await CrashWorld.start();
  }, 120_000);
  afterAll(async () => {
    await qemu?.guest.remove();
    await world?.stop();
  }, 60_000);

  /** A guest of its own for each round, except for QEMU: there a round ends with a new boot anyway. */
  async function guestFor(victim: Victim): Promise<{ guest: CrashGuest; machineId: string }> {
    if (victim !== 'qemu') {
      const machineId = await world.newMachine();
      const guest = new UnixGuest(machineId);
      await guest.startAgent();
      return { guest, machineId };
    }
    if (!qemu) {
      const machineId = await world.newMachine();
      qemu = { guest: new QemuGuest(), machineId };
      await qemu.guest.boot(machineId);
    }
    return qemu;
  }

  async function killAndRestart(victim: Victim, { guest, executionId }: Round): Promise<void> {
    if (victim === 'agent' && guest instanceof UnixGuest) {
      await guest.killAgent();
      await guest.startAgent();
    } else if (victim === 'runner' && guest instanceof UnixGuest) {
      for (const pid of guest.runners(executionId)) kill(pid, 'SIGKILL');
    } else if (victim === 'gateway') {
      await world.killGateway();
      await world.startGateway();
    } else if (victim === 'redis') {
      await world.redis.restart();
    } else if (victim === 'postgres') {
      await world.postgres.crash();
    } else if (guest instanceof QemuGuest) {
      await guest.powerCut();
    }
  }

  async function finished(id: string): Promise<ScriptExecution> {
    return waitFor(
      async () => {
        const row = await world.database.work().findOneOrFail(ScriptExecution, { id });
        if (isFinal(row.status)) return row;
        throw new Error(`${JSON.stringify(row)}\n${world.gatewayOutput().slice(-3000)}`);
      },
      { what: 'the run to end', deadlineMs: 90_000, everyMs: 50 },
    );
  }

  /** How often the script has run, by the file that it writes itself. */
  async function timesRun(guest: CrashGuest, machineId: string, mark: string): Promise<number> {
    const file = witness(guest, mark);
    if (guest instanceof UnixGuest) return existsSync(file) ? lines(readFileSync(file, 'utf8')) : 0;
    const scriptId = await script(world.database, `cat ${file} 2>/dev/null; true`);
    const [row] = await schedule(world.database, { machineId, scriptId });
    world.ring(machineId);
    return lines((await finished(row?.id ?? '')).stdout ?? '');
  }

  async function play(step: Step, victim: Victim): Promise<void> {
    const { guest, machineId } = await guestFor(victim);
    const proxy = new LineProxy(world.socketOf(machineId), guest.port);
    await proxy.open();
    try {
      const { bootId } = await waitFor(
        async () => {
          const row = await world.database.work().findOneOrFail(Machine, { id: machineId });
          return row.channel === 'ready' && row.bootId ? { bootId: row.bootId } : null;
        },
        { what: 'the machine to be ready', deadlineMs: 60_000 },
      );
      const mark = randomUUID();
      const stop = await step.arm?.({ world, guest, proxy, bootId });
      const scriptId = await script(world.database, content(step, guest, mark, bootId));
      const rule = step.isSeries ? { rule: every(60) } : {};
      const [row] = await schedule(world.database, { machineId, scriptId, ...rule });
      const executionId = row?.id ?? '';
      const round: Round = { world, guest, proxy, executionId, bootId };
      world.ring(machineId);
      await (stop?.reached ?? step.reached?.(round));

      await killAndRestart(victim, round);
      await stop?.release();
      goOn(round);
      openGate(guest);

      const ended = await finished(executionId);
      const ran = await timesRun(guest, machineId, mark);
      const mayBeLost = victim === 'runner' || (victim === 'qemu' && CUT_SHORT.has(step.name));
      if (!mayBeLost || ended.status === 'SUCCESS') {
        expect(ended).toMatchObject({ status: 'SUCCESS', exitCode: 0, stdout: 'begun\ndone\n', attempt: 1 });
        expect(ran).toBe(1);
      } else {
        const reason = victim === 'runner' ? 'AGENT_LOST' : 'INTERRUPTED_BY_REBOOT';
        expect(ended).toMatchObject({ status: 'FAILED', failureReason: reason, attempt: 1 });
        expect(ran).toBeLessThanOrEqual(1);
      }
      const rows = await world.database
        .work()
        .find(ScriptExecution, { scriptId }, { orderBy: { slot: 'asc' } });
      expect(rows.map(({ slot, status }) => [slot, status])).toEqual(
        step.isSeries
          ? [
              [0, 'SUCCESS'],
              [1, 'PENDING'],
            ]
          : [[null, ended.status]],
      );
      if (guest instanceof UnixGuest)
        await waitFor(() => existsSync(join(guest.entry(executionId), 'acked')), {
          what: 'the spool to be cleared',
        });
      for (const { id } of rows.filter(({ status }) => status === 'PENDING'))
        await world.database.work().nativeDelete(ScriptExecution, { id });
    } finally {
      await proxy.close();
      if (guest instanceof UnixGuest) await guest.remove();
      await world.releaseStatements();
    }
  }

  it.each(cases)(
    'when $victim is killed $name (round $round)',
    ({ step, victim }) => play(step, victim),
    240_000,
  );
});

const lines = (text: string): number => text.split('\n').filter((line) => line === 'ran').length;

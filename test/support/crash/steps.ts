import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '../wait.js';
import type { CrashWorld, StatementHold } from './crash-world.js';
import { type CrashGuest, kill, processState, QemuGuest, UnixGuest } from './guests.js';
import type { ChannelLine, LineProxy } from './line-proxy.js';

export interface Round {
  readonly world: CrashWorld;
  readonly guest: CrashGuest;
  readonly proxy: LineProxy;
  readonly executionId: string;
  /** The boot in which the machine was when the run was asked for. */
  readonly bootId: string;
}

/** A point in one run's life at which everything stands still. */
export interface Step {
  readonly name: string;
  /** What the script does between its two words. */
  readonly middle: 'nothing' | 'wait' | 'stop its supervisor' | 'stop the agent';
  readonly isSeries?: boolean;
  /** To be called before the run is asked for. */
  arm?(round: Omit<Round, 'executionId'>): Promise<Stop>;
  /** For what can be seen only once the run has an id. */
  reached?(round: Round): Promise<void>;
}

export interface Stop {
  readonly reached: Promise<void>;
  release(): Promise<void>;
}

const handsOut = (line: ChannelLine): boolean =>
  line.type === 'pending_scripts_response' && (line.scripts?.length ?? 0) > 0;
const isOf =
  (type: string) =>
  (line: ChannelLine): boolean =>
    line.type === type;

function statement(name: string, at: StatementHold, more: Partial<Step> = {}): Step {
  return {
    name,
    middle: 'nothing',
    ...more,
    arm: async ({ world }) => {
      await world.holdStatement(at);
      return { reached: world.statementHeld(), release: () => world.releaseStatements() };
    },
  };
}

function onTheWay(
  name: string,
  middle: Step['middle'],
  ...[direction, matches, lets]: Parameters<LineProxy['holdAt']>
): Step {
  return {
    name,
    middle,
    arm: async ({ proxy }) => {
      const hold = proxy.holdAt(direction, matches, lets);
      return { reached: hold.reached, release: async () => hold.release() };
    },
  };
}

/** In the order in which a run passes them. */
export const STEPS: readonly Step[] = [
  statement('before the claim is committed', 'claim'),
  statement('after the claim', 'delivery'),
  onTheWay('with half a line written', 'nothing', 'to-guest', handsOut, 'half'),
  onTheWay('delivered', 'nothing', 'to-guest', handsOut, 'all'),
  onTheWay('started', 'wait', 'to-host', isOf('script_started'), 'all'),
  onTheWay('in mid-output', 'wait', 'to-host', isOf('script_output'), 'half'),
  { name: 'exited', middle: 'stop its supervisor', reached: exited },
  { name: 'spooled', middle: 'stop the agent', reached: spooled },
  onTheWay('with the completion on its way', 'nothing', 'to-host', isOf('script_completion'), 'nothing'),
  onTheWay('committed and not acked', 'nothing', 'to-guest', isOf('ack'), 'nothing'),
  onTheWay('acked', 'nothing', 'to-guest', isOf('ack'), 'all'),
  statement('with the next run inserted and not committed', 'next-run', { isSeries: true }),
];

async function exited({ guest, executionId }: Round): Promise<void> {
  if (guest instanceof QemuGuest) return seen(guest, `exits ${executionId}`);
  const { entry, runner } = await running(guest as UnixGuest, executionId);
  const { pid } = JSON.parse(readFileSync(join(entry, 'started.json'), 'utf8')) as { pid: number };
  await waitFor(() => processState(runner) === 'T' && processState(pid) === 'Z', {
    what: 'the script to end before its supervisor sees it',
  });
}

async function spooled({ guest, executionId }: Round): Promise<void> {
  if (guest instanceof QemuGuest) return seen(guest, `spooled ${executionId}`);
  const unix = guest as UnixGuest;
  const { entry } = await running(unix, executionId);
  unix.signalAgent('SIGSTOP');
  openGate(guest);
  await waitFor(() => existsSync(join(entry, 'result.json')), { what: 'the result in the spool' });
}

async function running(guest: UnixGuest, executionId: string): Promise<{ entry: string; runner: number }> {
  const entry = guest.entry(executionId);
  const runner = await waitFor(
    () => {
      const { pid } = JSON.parse(readFileSync(join(entry, 'started.json'), 'utf8')) as { pid: number };
      return pid > 0 ? guest.runners(executionId)[0] : null;
    },
    { what: 'the script to run' },
  );
  return { entry, runner };
}

async function seen(guest: QemuGuest, words: string): Promise<void> {
  await waitFor(() => guest.console().includes(words), {
    what: `the guest to say: ${words}`,
    deadlineMs: 60_000,
  });
}

/** Processes that a step has stopped go on. */
export function goOn({ guest, executionId }: Round): void {
  if (!(guest instanceof UnixGuest)) return;
  guest.signalAgent('SIGCONT');
  for (const pid of guest.runners(executionId)) kill(pid, 'SIGCONT');
}

const gate = (guest: CrashGuest): string => join(guest.state, 'gate');

export function openGate(guest: CrashGuest): void {
  if (guest instanceof UnixGuest) writeFileSync(gate(guest), '');
}

export const witness = (guest: CrashGuest, mark: string): string => join(guest.state, `witness-${mark}`);

/** The script of a round: it leaves a line in its witness each time it runs. */
export function content(step: Step, guest: CrashGuest, mark: string, bootId: string): string {
  const lines = [`echo ran >>${witness(guest, mark)}`, 'sync', 'echo begun'];
  const isUnix = guest.kind === 'unix';
  // In QEMU nobody can open a gate from outside: the next boot is one.
  const closed = isUnix
    ? `[ ! -e ${gate(guest)} ]`
    : `[ "$(cat /proc/sys/kernel/random/boot_id)" = ${bootId} ]`;
  const say = (word: string): string => `echo ${word} $INFINIBAY_EXECUTION_ID >/dev/ttyS0`;
  if (step.middle === 'wait') lines.push(`while ${closed}; do sleep 0.05; done`);
  if (step.middle === 'stop its supervisor') {
    if (!isUnix) lines.push(`if ! ${closed}; then exit 0; fi`, say('exits'));
    // Not before the supervisor has written down whom it supervises.
    const spool = isUnix ? `${guest.state}/agent/spool` : `${guest.state}/spool`;
    const started = `${spool}/$INFINIBAY_EXECUTION_ID.1/started.json`;
    lines.push(`until grep -q '"pid":[1-9]' ${started}; do sleep 0.05; done`, 'kill -STOP $PPID');
  }
  if (step.middle === 'stop the agent') {
    if (isUnix) lines.push(`while ${closed}; do sleep 0.05; done`);
    else {
      const entry = `${guest.state}/spool/$INFINIBAY_EXECUTION_ID.1/result.json`;
      lines.push(
        `if ! ${closed}; then exit 0; fi`,
        'for process in /proc/[0-9]*; do',
        `  if tr '\\0' ' ' <$process/cmdline | grep -q '^infiniservice run '; then kill -STOP \${process#/proc/}; fi`,
        'done',
        `(while [ ! -e ${entry} ]; do sleep 0.05; done; sync; ${say('spooled')}) >/dev/null 2>&1 &`,
      );
    }
  }
  lines.push('echo done');
  return lines.join('\n');
}

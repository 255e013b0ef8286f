import type { ExecutionStatus, FailureReason } from '#protocol';

/**
 * The state table of a run: what each event makes of it, in each state that it can be in. It is written down
 * here once, as data; the queries carry it out, and transitions.int-spec.ts tries every state with every
 * event on both databases.
 */

/** What decides about a row. */
export interface RunState {
  /**
   * PENDING and RUNNING are open. `ENDED`: by its agent's word. `LOST`: by our verdict, without a word.
   */
  status: 'PENDING' | 'RUNNING' | 'ENDED' | 'LOST' | 'CANCELLED';
  /** Its end was asked for. */
  cancel: boolean;
  /** `no`: claimed only. `begun`: it may have reached the guest. `accepted`: its agent said that it began. */
  delivered: 'no' | 'begun' | 'accepted';
  /** Who holds the machine: the gateway at work, which has claimed the row, another one, or nobody. */
  lease: 'ours' | 'another' | 'ended';
  series: 'none' | 'goes on' | 'stopped';
  /** Its script says that running it twice does no harm, and attempts are left. */
  retry: boolean;
  /** It asked for a restart of its machine and waits for the next boot. */
  awaitsBoot: boolean;
}

/** What a gateway, an agent, an operator or a sweep can do to a row. */
export const RUN_EVENTS = [
  // The gateway at work.
  'claim',
  'record the delivery',
  'nothing was written',
  'another gateway takes the machine',
  // Its agent.
  'hello that lists it',
  'hello that does not list it',
  'hello that does not list it, in another boot',
  'hello of another spool',
  'hello of another spool, in another boot',
  'handshake of an agent without a list',
  'started',
  'completed',
  'failed by its exit code',
  'interrupted by a restart',
  'wants a restart',
  'was cancelled',
  // An operator.
  'cancel',
  'stop the series',
  'delete the machine',
  // Any sweep, of whichever gateway.
  'sweep',
  'sweep after two leases',
  'sweep after the deadline',
  'sweep after the grace of a cancel',
  'sweep after deliverBy',
] as const;
export type RunEvent = (typeof RUN_EVENTS)[number];

/** What became of the row. */
export interface RunOutcome {
  status: ExecutionStatus;
  failureReason?: FailureReason | null;
  /** The next attempt, in place of the same one. */
  nextAttempt?: boolean;
  delivered?: RunState['delivered'];
  cancel?: boolean;
  /** The row waits for the end of the boot it ran in. */
  awaitsBoot?: boolean;
  /** Its series gets its next run; by default when an open row ends and its series goes on. */
  nextRun?: boolean;
}

/** `stays`: the event changes nothing that decides. */
type Then = RunOutcome | 'stays' | 'back as the same attempt' | 'begins again';

interface Rule {
  events: readonly RunEvent[];
  /** A list stands for any of its members; what is not named does not matter. */
  when: { [K in keyof RunState]?: RunState[K] | readonly RunState[K][] };
  then: Then;
}

const OPEN = ['PENDING', 'RUNNING'] as const;
const NOT_OURS = ['another', 'ended'] as const;
const OUT = ['begun', 'accepted'] as const;
const SWEEPS = RUN_EVENTS.filter((event) => event.startsWith('sweep'));
const CANCELLED: RunOutcome = { status: 'CANCELLED' };
const lost = (failureReason: FailureReason): RunOutcome => ({ status: 'FAILED', failureReason });

/** The first that fits counts; where none does, the row stays as it is. */
export const RUN_RULES: readonly Rule[] = [
  // Handing out. No claim takes what an operator does not want.
  {
    events: ['claim'],
    when: { status: 'PENDING', cancel: false, series: ['none', 'goes on'], lease: 'ours', awaitsBoot: false },
    then: { status: 'RUNNING', delivered: 'no' },
  },
  {
    events: ['record the delivery'],
    when: { status: 'RUNNING', delivered: 'no', cancel: false, lease: 'ours' },
    then: { status: 'RUNNING', delivered: 'begun' },
  },
  { events: ['nothing was written'], when: { status: 'RUNNING' }, then: 'back as the same attempt' },
  {
    events: ['another gateway takes the machine'],
    when: { status: 'RUNNING', delivered: 'no', lease: NOT_OURS },
    then: 'back as the same attempt',
  },

  // What a hello says; only the holder of the lease may judge by it.
  {
    events: ['hello that does not list it', 'hello that does not list it, in another boot'],
    when: { status: 'RUNNING', delivered: 'begun', lease: 'ours' },
    then: 'back as the same attempt',
  },
  {
    events: [
      'hello that does not list it',
      'hello that does not list it, in another boot',
      'hello of another spool',
      'hello of another spool, in another boot',
      'handshake of an agent without a list',
    ],
    when: { status: 'RUNNING', delivered: OUT, lease: 'ours', retry: true },
    then: 'begins again',
  },
  {
    events: ['hello that does not list it, in another boot', 'hello of another spool, in another boot'],
    when: { status: 'RUNNING', delivered: OUT, lease: 'ours' },
    then: lost('INTERRUPTED_BY_REBOOT'),
  },
  {
    events: ['hello that does not list it', 'hello of another spool', 'handshake of an agent without a list'],
    when: { status: 'RUNNING', delivered: OUT, lease: 'ours' },
    then: lost('AGENT_LOST'),
  },

  // What an agent observed is a fact, whoever holds the lease.
  { events: ['started'], when: { status: 'RUNNING' }, then: { status: 'RUNNING', delivered: 'accepted' } },
  { events: ['completed'], when: { status: [...OPEN, 'LOST'] }, then: { status: 'SUCCESS' } },
  {
    events: ['failed by its exit code'],
    when: { status: [...OPEN, 'LOST'] },
    then: { status: 'FAILED', failureReason: 'EXIT_CODE' },
  },
  { events: ['interrupted by a restart'], when: { status: OPEN, retry: true }, then: 'begins again' },
  {
    events: ['interrupted by a restart'],
    when: { status: [...OPEN, 'LOST'] },
    then: lost('INTERRUPTED_BY_REBOOT'),
  },
  { events: ['wants a restart'], when: { status: OPEN, cancel: true }, then: CANCELLED },
  { events: ['wants a restart'], when: { status: OPEN, series: 'stopped' }, then: CANCELLED },
  {
    events: ['wants a restart'],
    when: { status: OPEN },
    then: { status: 'PENDING', nextAttempt: true, delivered: 'no', awaitsBoot: true },
  },
  // What we have ended as lost already is not begun again by that.
  {
    events: ['wants a restart'],
    when: { status: 'LOST' },
    then: { status: 'FAILED', failureReason: 'EXIT_CODE' },
  },
  { events: ['was cancelled'], when: { status: [...OPEN, 'LOST'] }, then: CANCELLED },

  // Operators.
  { events: ['cancel'], when: { status: 'PENDING' }, then: { ...CANCELLED, cancel: true } },
  { events: ['cancel'], when: { status: 'RUNNING', delivered: 'no' }, then: { ...CANCELLED, cancel: true } },
  { events: ['cancel'], when: { status: 'RUNNING' }, then: { status: 'RUNNING', cancel: true } },
  {
    events: ['stop the series'],
    when: { status: OPEN, delivered: 'no', series: ['goes on', 'stopped'] },
    then: { ...CANCELLED, cancel: true, nextRun: false },
  },
  { events: ['delete the machine'], when: { status: OPEN }, then: { ...CANCELLED, nextRun: false } },

  // Sweeps. What nobody wants ends, wherever a transition has missed it.
  { events: SWEEPS, when: { status: 'PENDING', cancel: true }, then: CANCELLED },
  { events: SWEEPS, when: { status: 'PENDING', series: 'stopped' }, then: CANCELLED },
  { events: SWEEPS, when: { status: 'RUNNING', delivered: 'no', cancel: true }, then: CANCELLED },
  {
    events: SWEEPS,
    when: { status: 'RUNNING', delivered: 'no', lease: NOT_OURS },
    then: 'back as the same attempt',
  },
  {
    events: ['sweep after two leases', 'sweep after the deadline'],
    when: { status: 'RUNNING', delivered: 'no' },
    then: 'back as the same attempt',
  },
  {
    events: ['sweep after the deadline'],
    when: { status: 'RUNNING', delivered: 'accepted' },
    then: { status: 'TIMEOUT' },
  },
  {
    events: ['sweep after the deadline'],
    when: { status: 'RUNNING', delivered: 'begun', retry: true },
    then: 'begins again',
  },
  {
    events: ['sweep after the deadline'],
    when: { status: 'RUNNING', delivered: 'begun' },
    then: lost('AGENT_LOST'),
  },
  {
    events: ['sweep after the grace of a cancel'],
    when: { status: 'RUNNING', delivered: OUT, cancel: true },
    then: CANCELLED,
  },
  { events: ['sweep after deliverBy'], when: { status: 'PENDING' }, then: lost('EXPIRED') },
];

/** Every state that a row can be in. */
export function runStates(): RunState[] {
  const states: RunState[] = [];
  for (const status of ['PENDING', 'RUNNING', 'ENDED', 'LOST', 'CANCELLED'] as const)
    for (const cancel of [false, true])
      for (const delivered of status === 'RUNNING' ? (['no', ...OUT] as const) : (['no'] as const))
        for (const lease of ['ours', ...NOT_OURS] as const)
          for (const series of ['none', 'goes on', 'stopped'] as const)
            for (const retry of [false, true])
              for (const awaitsBoot of status === 'PENDING' ? [false, true] : [false])
                states.push({ status, cancel, delivered, lease, series, retry, awaitsBoot });
  return states;
}

/** What an event makes of a row; null when it changes nothing. */
export function outcomeOf(state: RunState, event: RunEvent): RunOutcome | null {
  const rule = RUN_RULES.find(({ events, when }) => events.includes(event) && fits(state, when));
  if (!rule || rule.then === 'stays') return null;
  if (typeof rule.then === 'object') return rule.then;
  // Whatever would bring a row back is the end of one that an operator does not want.
  if (state.cancel || state.series === 'stopped') return CANCELLED;
  return { status: 'PENDING', delivered: 'no', nextAttempt: rule.then === 'begins again' };
}

function fits(state: RunState, when: Rule['when']): boolean {
  return (Object.entries(when) as [keyof RunState, unknown][]).every(([name, wanted]) =>
    Array.isArray(wanted) ? wanted.includes(state[name]) : state[name] === wanted,
  );
}

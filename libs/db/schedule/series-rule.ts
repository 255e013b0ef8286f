import { createHash } from 'node:crypto';
import { Cron } from 'croner';
import { INT, isStorableTime } from '#protocol';

const MINUTE = 60_000;
/**
 * How late a run may start before `skip` gives it up, and how far back `all` makes good, unless the schedule
 * says otherwise.
 */
const DEFAULT_WINDOW_MINUTES = { skip: 5, all: 1440 };

/** What is common to all repeating schedules. */
interface Policy {
  /**
   * What becomes of runs that a machine missed: one late run (the default), none, or all within the window.
   */
  missedRuns?: 'one' | 'skip' | 'all';
  missedWindowMinutes?: number;
  /** Each run starts 0 to this many seconds late, the same for the same machine and run. */
  jitterSeconds?: number;
  stopOnFailure?: boolean;
}

/** Slot n is due at `first` + n × interval: never "end + interval", so there is no drift. */
interface IntervalRule extends Policy {
  /** RFC 3339 UTC. */
  first: string;
  repeatIntervalMinutes: number;
}

/**
 * Due when the zone's clock shows what the five fields say. When clocks go forward, a run in the hour that is
 * missing happens at the first minute after it; when they go back, a time of day that comes twice counts
 * once, the first time, while patterns that run on through the hour go on through both.
 */
interface CronRule extends Policy {
  /** The earliest time of a run, RFC 3339 UTC. */
  first: string;
  cron: string;
  /** IANA. */
  timeZone: string;
}

export type SeriesRule = IntervalRule | CronRule;

/**
 * @throws Error in words when the expression is none, has seconds or never comes
 * @returns the evaluated pattern; croner's own rules for clock changes are the ones above
 */
export function parseCron(expression: string, timeZone: string): Cron {
  if (expression.trim().split(/\s+/).length !== 5 && !/^@\w+$/.test(expression.trim()))
    throw new Error('must have five fields: minute, hour, day of month, month, day of week');
  return new Cron(expression.trim(), { timezone: timeZone, paused: true, mode: '5-part' });
}

const parsed = new Map<string, Cron>();

function cronOf({ cron, timeZone }: CronRule): Cron {
  const key = `${timeZone} ${cron}`;
  const known = parsed.get(key);
  if (known) return known;
  if (parsed.size >= 1000) parsed.clear();
  const pattern = parseCron(cron, timeZone);
  parsed.set(key, pattern);
  return pattern;
}

/**
 * When a slot is due, without jitter. Slots of an interval count from 0; those of a cron expression are
 * minutes since 1970.
 */
export function slotTime(rule: SeriesRule, slot: number): Date {
  if ('cron' in rule) return new Date(slot * MINUTE);
  return new Date(Date.parse(rule.first) + slot * rule.repeatIntervalMinutes * MINUTE);
}

/**
 * The first slot of the grid that is due at or after `from`; null when a cron expression never comes again,
 * or when it comes after the last time (the year 9999) or slot that a database holds.
 */
function slotFrom(rule: SeriesRule, from: number): number | null {
  const slot = gridSlotFrom(rule, from);
  if (slot === null || slot > INT.max) return null;
  const latest = slotTime(rule, slot).getTime() + (rule.jitterSeconds ?? 0) * 1000;
  return isStorableTime(new Date(latest)) ? slot : null;
}

function gridSlotFrom(rule: SeriesRule, from: number): number | null {
  if (!('cron' in rule))
    return Math.max(0, Math.ceil((from - Date.parse(rule.first)) / (rule.repeatIntervalMinutes * MINUTE)));
  const next = cronOf(rule).nextRun(new Date(Math.max(from, Date.parse(rule.first)) - 1));
  return next && next.getTime() / MINUTE;
}

/** The schedule's first slot; null when it never comes. */
export function firstSlot(rule: SeriesRule): number | null {
  return slotFrom(rule, Date.parse(rule.first));
}

/**
 * The slot that follows when the run of `slot` has ended at `now`. A slot that passed meanwhile, because the
 * machine was away or the run itself took that long, is made good only under `all`: two runs of one schedule
 * never overlap.
 * @returns null when there is no later one
 */
export function nextSlot(rule: SeriesRule, slot: number, now: Date): number | null {
  const window = rule.missedRuns === 'all' ? windowMs(rule, 'all') : 0;
  const following = slotFrom(rule, slotTime(rule, slot).getTime() + 1);
  const fresh = slotFrom(rule, now.getTime() - window);
  return following === null || fresh === null ? null : Math.max(following, fresh);
}

/**
 * When the run of a slot is handed out: its time on the grid and its share of the jitter, always before the
 * slot that follows.
 */
export function dueTime(rule: SeriesRule, machineId: string, slot: number): Date {
  const at = slotTime(rule, slot).getTime();
  const jitterMs = (rule.jitterSeconds ?? 0) * 1000;
  if (jitterMs === 0) return new Date(at);
  const share = createHash('sha256').update(`${machineId} ${slot}`).digest().readUInt32BE(0) / 2 ** 32;
  const following = slotFrom(rule, at + 1);
  const room = following === null ? Infinity : slotTime(rule, following).getTime() - at - 1000;
  return new Date(at + Math.floor(Math.min(share * jitterMs, room)));
}

/** Under `skip`, when a run counts as missed: after the window, and when the slot that follows is due. */
export function deliverBy(rule: SeriesRule, machineId: string, slot: number): Date | null {
  if (rule.missedRuns !== 'skip') return null;
  const due = dueTime(rule, machineId, slot).getTime();
  const following = slotFrom(rule, slotTime(rule, slot).getTime() + 1);
  const limit = following === null ? Infinity : slotTime(rule, following).getTime();
  const at = new Date(Math.min(due + windowMs(rule, 'skip'), limit));
  // Later than any time that a database holds: never.
  return isStorableTime(at) ? at : null;
}

function windowMs(rule: Policy, policy: 'skip' | 'all'): number {
  return (rule.missedWindowMinutes ?? DEFAULT_WINDOW_MINUTES[policy]) * MINUTE;
}

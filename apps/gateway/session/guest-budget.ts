import { type Rate, RateLimit } from '#runtime';

const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * What was spent has been done, whatever it cost: over these, the guest's socket is read later. No hello,
 * start or result is left out for them.
 */
const SLOWING = {
  /** Bytes of lines, with `VALUE_BYTES` for each value in them and `LINE_BYTES` for each line. */
  parsing: [16 * MIB, 4 * MIB],
  /**
   * Statements of the database and lines of ours that the guest's lines bring about. The burst is a spool
   * that says a thousand results again.
   */
  work: [1000, 100],
  /** Hellos that are no repetition of the last one. */
  sessions: [2, 1],
} as const satisfies Record<string, Rate>;

/** What is not done any more over these, and counted. */
const DROPPING = {
  agent: [50, 1],
  channel: [20, 1 / 60],
  security: [20, 1 / 60],
  install: [20, 0.2],
  metrics: [2, 0.1],
  /** Bytes of events of all kinds. */
  eventBytes: [MIB, 8 * KIB],
  logLines: [20, 1 / 60],
} as const satisfies Record<string, Rate>;

/** An object of a parser takes about so much. */
const VALUE_BYTES = 64;
const LINE_BYTES = 4096;
/** The longest that a socket is left alone at once: a keep-alive that waits there must not wait for 5 s. */
const LONGEST_PAUSE_MS = 2000;
const REPORT_EVERY_MS = 60_000;

type Slowing = keyof typeof SLOWING;
type Dropping = keyof typeof DROPPING;

/** What a guest was over its budget with since the last report. */
export interface Excess {
  /** Lines after which its socket was read later, and milliseconds in all. */
  readonly slowedLines: number;
  readonly slowedMs: number;
  /** Lines that were too much to be parsed. */
  readonly skippedLines: number;
  readonly eventsDropped: number;
  readonly logLinesDropped: number;
}

/**
 * Everything that one guest may cause, from its first byte to the log: kept from one connection to the next.
 * What it may not is slowed or left out here, counted, and told once a minute.
 */
export class GuestBudget {
  /** Made when they are first needed, for most machines need none for hours. */
  private readonly limits = new Map<Slowing | Dropping, RateLimit>();
  private excess: Record<keyof Excess, number> | null = null;
  private reportedAt = Number.NEGATIVE_INFINITY;

  /** @param factor by which all rates are raised */
  constructor(
    private readonly factor = 1,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** A line was read. */
  parsed(bytes: number, values: number): void {
    this.spend('parsing', bytes + values * VALUE_BYTES + LINE_BYTES);
  }

  /** So much of it was done. */
  spend(kind: Slowing, count = 1): void {
    this.limitOf(kind).spend(count);
  }

  /** A line was too much to be parsed. */
  skipped(): void {
    this.count('skippedLines');
  }

  /** @returns false when an event of a kind, or a line of log, is to be left out */
  allowLog(): boolean {
    return this.limitOf('logLines').take() || this.drop('logLinesDropped');
  }

  /** @returns false when an event is to be left out */
  allowEvent(kind: Exclude<Dropping, 'eventBytes' | 'logLines'>): boolean {
    return this.limitOf(kind).take() || this.drop('eventsDropped');
  }

  /** The same, once its size is known. */
  allowEventBytes(bytes: number): boolean {
    return this.limitOf('eventBytes').take(bytes) || this.drop('eventsDropped');
  }

  /** It was left out for another reason than the budget. @returns false */
  dropEvent(): false {
    return this.drop('eventsDropped');
  }

  /** @returns for how many milliseconds the socket is to be left alone now; 0: within its budget */
  pauseMs(): number {
    let longest = 0;
    for (const kind of Object.keys(SLOWING) as Slowing[])
      longest = Math.max(longest, this.limits.get(kind)?.debtMs ?? 0);
    const pause = Math.min(longest, LONGEST_PAUSE_MS);
    if (pause > 0) {
      this.count('slowedLines');
      this.count('slowedMs', pause);
    }
    return pause;
  }

  /** @returns what there is to tell, once a minute */
  takeExcess(): Excess | null {
    const { excess } = this;
    if (excess === null || this.now() - this.reportedAt < REPORT_EVERY_MS) return null;
    this.excess = null;
    this.reportedAt = this.now();
    return excess;
  }

  private limitOf(kind: Slowing | Dropping): RateLimit {
    const known = this.limits.get(kind);
    if (known) return known;
    const [burst, perSecond]: Rate = { ...SLOWING, ...DROPPING }[kind];
    const limit = new RateLimit(burst * this.factor, perSecond * this.factor, this.now);
    this.limits.set(kind, limit);
    return limit;
  }

  private drop(what: keyof Excess): false {
    this.count(what);
    return false;
  }

  private count(what: keyof Excess, by = 1): void {
    this.excess ??= {
      slowedLines: 0,
      slowedMs: 0,
      skippedLines: 0,
      eventsDropped: 0,
      logLinesDropped: 0,
    };
    this.excess[what] += by;
  }
}

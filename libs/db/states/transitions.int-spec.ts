import { beforeEach, describe, expect, it } from '@jest/globals';
import { isFinal, isOpen } from '#protocol';
import { type Database, ScriptExecution } from '../index.js';
import { onBothDatabases } from '../../../test/support/servers/databases.js';
import {
  BOOT,
  happens,
  removeRows,
  type RowInState,
  rowsInStates,
} from '../../../test/support/rows/run-states.js';
import { outcomeOf, RUN_EVENTS, RUN_RULES, type RunEvent, type RunState, runStates } from './transitions.js';

/** What decides, as it stands in the database. */
interface Seen {
  status: string;
  failureReason: string | null;
  attempt: number;
  epoch: number;
  delivered: string;
  cancel: boolean;
  awaitsBoot: boolean;
  isHeld: boolean;
  nextRuns: number;
}

const STATES = runStates().filter(
  // What has ended is held by nobody, and nothing is tried again: these say nothing there.
  ({ status, lease, retry }) => status === 'PENDING' || status === 'RUNNING' || (lease === 'ours' && !retry),
);

/**
 * The states that are tried with an event: each combination of what its rules look at, of what was delivered
 * and of what operators want; of the rest two of all that there are, in turn.
 */
function statesFor(event: RunEvent): RunState[] {
  const named = RUN_RULES.filter(({ events }) => events.includes(event)).flatMap(({ when }) =>
    Object.keys(when),
  );
  const decisive = new Set([...named, 'status', 'delivered', 'cancel', 'series']) as Set<keyof RunState>;
  const alike = Map.groupBy(STATES, (state) => [...decisive].map((name) => state[name]).join());
  return [...alike.values()].flatMap((states, turn) =>
    states.filter((_state, index) => (index + turn) % Math.ceil(states.length / 2) === 0),
  );
}

function seen(row: ScriptExecution, nextRuns: number): Seen {
  const delivered = row.deliveryStartedAt === null ? 'no' : row.startConfirmed ? 'accepted' : 'begun';
  return {
    status: row.status,
    failureReason: row.failureReason,
    attempt: row.attempt,
    epoch: row.epoch,
    delivered: isOpen(row.status) ? delivered : '',
    cancel: row.cancelRequestedAt !== null,
    awaitsBoot: row.status === 'PENDING' && row.bootId === BOOT,
    isHeld: row.leaseOwner !== null,
    nextRuns,
  };
}

/** What the table says will be seen. */
function expected(before: Seen, { state }: RowInState, event: RunEvent): Partial<Seen> {
  const outcome = outcomeOf(state, event);
  if (outcome === null) return before;
  const { status } = outcome;
  const ends = isOpen(before.status as ScriptExecution['status']) && isFinal(status);
  const next = outcome.nextRun ?? (ends && state.series === 'goes on');
  const { epoch: _any, ...rest } = before;
  const goesBack = status === 'PENDING' ? { epoch: before.epoch + 1 } : {};
  return {
    ...rest,
    ...goesBack,
    status,
    failureReason: outcome.failureReason ?? null,
    attempt: before.attempt + (outcome.nextAttempt ? 1 : 0),
    delivered: isOpen(status) ? (outcome.delivered ?? before.delivered) : '',
    cancel: outcome.cancel ?? before.cancel,
    awaitsBoot: outcome.awaitsBoot ?? false,
    isHeld: status === 'RUNNING',
    nextRuns: next ? 1 : 0,
  };
}

describe('the state table', () => {
  it('has no rule that never counts', () => {
    const used = new Set(
      RUN_EVENTS.flatMap((event) =>
        runStates().map((state) =>
          RUN_RULES.findIndex(
            ({ events, when }) =>
              events.includes(event) &&
              Object.entries(when).every(([name, wanted]) =>
                [wanted].flat().includes(state[name as keyof typeof state] as never),
              ),
          ),
        ),
      ),
    );
    expect(RUN_RULES.filter((_rule, index) => !used.has(index))).toEqual([]);
  });

  it('lets no row wait that an operator does not want', () => {
    const waiting = RUN_EVENTS.flatMap((event) =>
      runStates()
        .filter(({ cancel, series }) => cancel || series === 'stopped')
        .filter((state) => ['PENDING', 'RUNNING'].includes(outcomeOf(state, event)?.status ?? ''))
        // What is out already goes on until its agent confirms.
        .filter((state) => state.status !== 'RUNNING' || outcomeOf(state, event)?.status === 'PENDING')
        .map((state) => [event, state]),
    );
    expect(waiting).toEqual([]);
  });
});

onBothDatabases('a run in each of its states', (given) => {
  let database: Database;

  beforeEach(async () => {
    ({ database } = given());
    // Nothing of this outlives the test: what is tried are transitions, not power cuts.
    if (database.isSqlite) await database.work().execute('pragma synchronous = off');
    await removeRows(database);
  });

  const look = async (rows: readonly RowInState[]): Promise<Seen[]> => {
    const all = await database.work().find(ScriptExecution, {});
    const byId = new Map(all.map((row) => [row.id, row]));
    const next = Map.groupBy(
      all.filter(({ slot }) => slot !== null && slot > 0),
      ({ seriesId }) => seriesId,
    );
    return rows.map(({ id, seriesId }) =>
      seen(byId.get(id)!, seriesId ? (next.get(seriesId)?.length ?? 0) : 0),
    );
  };

  it.each(RUN_EVENTS)(
    'becomes what the table says: %s',
    async (event) => {
      const states = statesFor(event);
      const rows = await rowsInStates(database, states);
      const before = await look(rows);
      await happens(database, event, rows);
      const after = await look(rows);
      const wrong = rows.flatMap((row, index) => {
        const wanted = expected(before[index]!, row, event);
        const was = after[index]!;
        const differs = Object.keys(wanted).filter(
          (name) => wanted[name as keyof Seen] !== was[name as keyof Seen],
        );
        if (differs.length === 0) return [];
        return [{ state: row.state, wanted, was }];
      });
      expect(wrong.slice(0, 5)).toEqual([]);
      expect(after.length).toBeGreaterThan(40);
    },
    120_000,
  );
});

import { type BeforeApplicationShutdown, Injectable, type MessageEvent } from '@nestjs/common';
import {
  concatMap,
  distinctUntilChanged,
  filter,
  finalize,
  map,
  merge,
  type Observable,
  startWith,
  Subject,
  takeUntil,
  takeWhile,
} from 'rxjs';
import { Database, executionStates } from '#db';
import { type ExecutionDto, type ExecutionOutput, isFinal } from '#protocol';
import { ConsoleError } from '../codes.js';
import { ExecutionsService } from './executions.service.js';

/** A ring may get lost, so all rows that are followed are looked at this often anyway. */
const LOOK_EVERY_MS = 2000;
/** Streams that one token may have open. */
const STREAMS_PER_CALLER = 20;

/**
 * Live news of one execution as server-sent events: `status` with the row, `output` with a piece of a stream.
 * Ends with the row's end.
 */
@Injectable()
export class ExecutionEventsService implements BeforeApplicationShutdown {
  private readonly changed = new Subject<string>();
  private readonly output = new Subject<ExecutionOutput>();
  private readonly stopping = new Subject<void>();
  private readonly open = new Map<string, number>();
  private readonly followed = new Map<string, number>();
  private states: ReadonlyMap<string, string> = new Map();
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly executions: ExecutionsService,
    private readonly database: Database,
  ) {}

  /** The row may have changed: its followers look at it. */
  ring(executionId: string): void {
    this.changed.next(executionId);
  }

  /** A script printed a piece. */
  printed(piece: ExecutionOutput): void {
    this.output.next(piece);
  }

  /** The server waits for open answers: streams have to end before it. */
  beforeApplicationShutdown(): void {
    this.stopping.next();
  }

  /**
   * The row as it is comes first, with its output so far.
   * @param caller whose streams are counted
   * @throws AppError `streams.too_many` (429)
   */
  follow(id: string, caller: string): Observable<MessageEvent> {
    if ((this.open.get(caller) ?? 0) >= STREAMS_PER_CALLER) {
      throw new ConsoleError(
        'streams.too_many',
        `${STREAMS_PER_CALLER} streams of ${caller} are open already: close one of them`,
      );
    }
    count(this.open, caller, 1);
    count(this.followed, id, 1);
    this.look();
    // The row is read anew for each ring: a ring may come late, the row is the fact.
    const status = this.changed.pipe(
      filter((executionId) => executionId === id),
      startWith(null),
      concatMap(() => this.executions.get(id)),
      distinctUntilChanged((before, now) => stateOf(before) === stateOf(now)),
      map((row): MessageEvent => ({ type: 'status', data: row })),
    );
    const output = this.output.pipe(
      filter(({ executionId }) => executionId === id),
      map(({ attempt, stream, offset, data }): MessageEvent => ({
        type: 'output',
        data: { attempt, stream, offset, data },
      })),
    );
    return merge(status, output).pipe(
      takeWhile(({ type, data }) => type !== 'status' || !isFinal((data as ExecutionDto).status), true),
      takeUntil(this.stopping),
      finalize(() => {
        count(this.open, caller, -1);
        count(this.followed, id, -1);
      }),
    );
  }

  /** One reader of the database for all followers, for as long as there are any. */
  private look(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.lookAtAll().then(
        () => this.followed.size > 0 && this.look(),
        // The database was away: the next look sees what has changed meanwhile.
        () => this.look(),
      );
    }, LOOK_EVERY_MS);
  }

  private async lookAtAll(): Promise<void> {
    const before = this.states;
    this.states = await executionStates(this.database.work(), [...this.followed.keys()]);
    for (const id of this.followed.keys()) if (before.get(id) !== this.states.get(id)) this.changed.next(id);
  }
}

function count(counts: Map<string, number>, name: string, by: number): void {
  const now = (counts.get(name) ?? 0) + by;
  if (now > 0) counts.set(name, now);
  else counts.delete(name);
}

/** What a follower wants to be told of; output has events of its own. */
function stateOf({ status, attempt, deliveryStartedAt, startedAt, cancelRequestedAt }: ExecutionDto): string {
  return [status, attempt, deliveryStartedAt, startedAt, cancelRequestedAt].join();
}

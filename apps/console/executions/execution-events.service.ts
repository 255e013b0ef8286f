import { type BeforeApplicationShutdown, Injectable, type MessageEvent } from '@nestjs/common';
import {
  concatMap,
  distinctUntilChanged,
  filter,
  interval,
  map,
  merge,
  type Observable,
  startWith,
  Subject,
  takeUntil,
  takeWhile,
} from 'rxjs';
import { type ExecutionDto, type ExecutionOutput, isFinal } from '#protocol';
import { ExecutionsService } from './executions.service.js';

/** A ring may get lost, so each follower looks at its row this often anyway. */
const LOOK_EVERY_MS = 2000;

/**
 * Live news of one execution as server-sent events: `status` with the row, `output` with a piece of a stream.
 * Ends with the row's end.
 */
@Injectable()
export class ExecutionEventsService implements BeforeApplicationShutdown {
  private readonly changed = new Subject<string>();
  private readonly output = new Subject<ExecutionOutput>();
  private readonly stopping = new Subject<void>();

  constructor(private readonly executions: ExecutionsService) {}

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

  /** The row as it is comes first, with its output so far. */
  follow(id: string): Observable<MessageEvent> {
    const rings = this.changed.pipe(filter((executionId) => executionId === id));
    // The row is read anew for each ring: a ring may come late, the row is the fact.
    const status = merge(rings, interval(LOOK_EVERY_MS)).pipe(
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
    );
  }
}

/** What a follower wants to be told of; output has events of its own. */
function stateOf({ status, attempt, deliveryStartedAt, startedAt, cancelRequestedAt }: ExecutionDto): string {
  return [status, attempt, deliveryStartedAt, startedAt, cancelRequestedAt].join();
}

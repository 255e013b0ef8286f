import { Inject, Injectable, type MessageEvent, type OnModuleInit } from '@nestjs/common';
import { concatMap, defer, filter, from, map, merge, type Observable, share, Subject, takeWhile } from 'rxjs';
import { BusEvents, ExecutionChanged, ExecutionOutput } from '#protocol';
import { Bus } from '#runtime';
import { ExecutionsService } from './executions.service.js';

type Notice = { executionId: string } & MessageEvent;

const FINAL = new Set(['SUCCESS', 'FAILED', 'TIMEOUT', 'CANCELLED']);

/** Live news of one execution as server-sent events: `status` with the row, `output` with a piece of a stream. Ends with the row's end. */
@Injectable()
export class ExecutionEventsService implements OnModuleInit {
  private readonly notices = new Subject<Notice>();

  constructor(
    @Inject(Bus) private readonly bus: Bus,
    @Inject(ExecutionsService) private readonly executions: ExecutionsService,
  ) {}

  onModuleInit(): void {
    this.bus.onEvent(BusEvents.executionChanged, ExecutionChanged, ({ executionId }) =>
      this.notices.next({ executionId, type: 'status', data: '' }),
    );
    this.bus.onEvent(BusEvents.executionOutput, ExecutionOutput, ({ executionId, ...data }) =>
      this.notices.next({ executionId, type: 'output', data }),
    );
  }

  /** The row as it is comes first, so that nothing between two looks is lost. */
  follow(id: string): Observable<MessageEvent> {
    const own = this.notices.pipe(
      filter(({ executionId }) => executionId === id),
      share(),
    );
    const status = (): Observable<MessageEvent> =>
      defer(() => from(this.executions.get(id))).pipe(map((row) => ({ type: 'status', data: row })));
    // The row is read anew for each ring: a ring may come late, the row is the fact.
    const later = own.pipe(
      filter(({ type }) => type === 'status'),
      concatMap(() => status()),
    );
    const output = own.pipe(
      filter(({ type }) => type === 'output'),
      map(({ type, data }): MessageEvent => ({ type: type ?? 'output', data })),
    );
    return merge(later, output, status()).pipe(
      takeWhile(
        (event) => !(event.type === 'status' && FINAL.has((event.data as { status: string }).status)),
        true,
      ),
    );
  }
}

import { Injectable, type OnModuleInit } from '@nestjs/common';
import { draftOf } from '#app';
import { BusEvents, BusRequests, ExecutionChanged, ExecutionOutput, ScheduleExecutions } from '#protocol';
import { Bus, inField } from '#runtime';
import type { Actor } from '../http/by.js';
import type { RequestKey } from '../http/idempotency.js';
import { ExecutionEventsService } from './execution-events.service.js';
import { ExecutionsService } from './executions.service.js';
import { ScheduleService } from './schedule.service.js';

/**
 * `script.schedule` and `script.cancel`, for orchestrators that speak over the bus; and what gateways tell of
 * runs.
 */
@Injectable()
export class ExecutionsBus implements OnModuleInit {
  constructor(
    private readonly bus: Bus,
    private readonly scheduling: ScheduleService,
    private readonly executions: ExecutionsService,
    private readonly live: ExecutionEventsService,
  ) {}

  onModuleInit(): void {
    const { scriptSchedule, scriptCancel } = BusRequests;
    const drafted = scriptSchedule.schema.extend({ request: draftOf(ScheduleExecutions) });
    this.bus.onRequest(
      scriptSchedule.pattern,
      drafted,
      (message) =>
        inField('request', () =>
          this.scheduling.schedule(
            message.request,
            askerOf(message),
            keyOf(scriptSchedule.pattern, message, message.request.sound),
          ),
        ),
      scriptSchedule.schema,
    );
    this.bus.onRequest(scriptCancel.pattern, scriptCancel.schema, (message) =>
      this.executions.cancel(
        message.executionId,
        askerOf(message),
        keyOf(scriptCancel.pattern, message, message.executionId),
      ),
    );
    this.bus.onEvent(BusEvents.executionChanged, ExecutionChanged, ({ executionId }) =>
      this.live.ring(executionId),
    );
    this.bus.onEvent(BusEvents.executionOutput, ExecutionOutput, (piece) => this.live.printed(piece));
  }
}

const askerOf = ({ requestId, requestedBy }: { requestId: string; requestedBy: string }): Actor => ({
  name: requestedBy,
  correlationId: requestId.slice(0, 64),
});

const keyOf = (scope: string, { requestId }: { requestId: string }, content: unknown): RequestKey => ({
  scope,
  key: requestId,
  content,
  name: 'requestId',
});

import { Injectable, type OnModuleInit } from '@nestjs/common';
import { draftOf } from '#app';
import { BusRequests, ScheduleExecutions } from '#protocol';
import { Bus } from '#runtime';
import type { Actor } from '../http/by.js';
import { ExecutionsService } from './executions.service.js';
import { ScheduleService } from './schedule.service.js';

/** `script.schedule` and `script.cancel`, for orchestrators that speak over the bus. */
@Injectable()
export class ExecutionsBus implements OnModuleInit {
  constructor(
    private readonly bus: Bus,
    private readonly scheduling: ScheduleService,
    private readonly executions: ExecutionsService,
  ) {}

  onModuleInit(): void {
    const { scriptSchedule, scriptCancel } = BusRequests;
    const drafted = scriptSchedule.schema.extend({ request: draftOf(ScheduleExecutions) });
    this.bus.onRequest(scriptSchedule.pattern, drafted, (message) =>
      this.scheduling.schedule(message.request, askerOf(message), message.requestId),
    );
    this.bus.onRequest(scriptCancel.pattern, scriptCancel.schema, (message) =>
      this.executions.cancel(message.executionId, askerOf(message), message.requestId),
    );
  }
}

const askerOf = ({ requestId, requestedBy }: { requestId: string; requestedBy: string }): Actor => ({
  name: requestedBy,
  correlationId: requestId.slice(0, 64),
});

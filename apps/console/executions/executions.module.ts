import { Module } from '@nestjs/common';
import { ExecutionEventsService } from './execution-events.service.js';
import { ExecutionsBus } from './executions.bus.js';
import { ExecutionsController } from './executions.controller.js';
import { ExecutionsService } from './executions.service.js';
import { ScheduleService } from './schedule.service.js';
import { SeriesController } from './series.controller.js';

@Module({
  controllers: [ExecutionsController, SeriesController],
  providers: [ScheduleService, ExecutionsService, ExecutionEventsService, ExecutionsBus],
})
export class ExecutionsModule {}
